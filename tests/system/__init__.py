"""The whole product, started and watched from outside."""
