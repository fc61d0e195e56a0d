import { defineConfig } from 'vitest/config'

// `npm run dev` proxies to the service or to the mock (dev/mock-server.mjs).
const api = 'http://127.0.0.1:8099'

export default defineConfig({
  base: '/',
  build: {
    target: 'es2022',
    // A data: address in a style sheet or script would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      output: {
        // Not every server knows that .mjs is a script, and under nosniff the worker then fails.
        assetFileNames: ({ names }) =>
          names.some((name) => name.endsWith('.mjs'))
            ? 'assets/[name]-[hash].js'
            : 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: { proxy: { '/v1': { target: api, changeOrigin: false } } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
