from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.notify.addresses import (
    NOTHING_ALLOWED,
    AllowList,
    allow_list,
    check_address,
    check_url,
)
from schemas.errors import ConfigurationError, ForbiddenAddressError

FORBIDDEN_URLS = [
    # loopback, private, link-local and special IPv4
    "https://127.0.0.1/",
    "https://127.255.255.254/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://255.255.255.255/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://192.88.99.1/",
    "https://192.0.0.8/",
    # IPv4 in other clothes
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.01/",
    "https://017700000001/",
    "https://1.2.3.0x4/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://127\u30020\u30020\u30021/",
    "https://127.0.0.1./",
    # IPv6
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    # IPv4 inside IPv6
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:7f00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:f5ff:fffe]/",
    # schemes, ports, user information
    "http://example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "//example.org/",
    "https://example.org:22/",
    "https://example.org:0/",
    "https://example.org:65536/",
    "https://example.org:+443/",
    "https://user@example.org/",
    "https://user:password@example.org/",
    "https://example.org@127.0.0.1/",
    # what parsers of URLs read differently
    "https://example.org\\@127.0.0.1/",
    "https://127.0.0.1\t.example.org/",
    "https://exam\nple.org/",
    " https://example.org/",
    "https://example.org/ path",
    "https://example.org/#fragment",
    "https://example.org/#",
    "https://exa mple.org/",
    "https://%31%32%37.0.0.1/",
    "https://[::1]example.org/",
    "https://[v1.fe80::1]/",
    "https://[127.0.0.1]/",
    "https://-example.org/",
    "https://under_score.example.org/",
    "https://a..b/",
    "https:///path",
    "https://",
    "",
    "not a url",
    "https://" + "a" * 64 + ".org/",
    "https://" + "a." * 130 + "org/",
    "https://example.org/" + "x" * 2_000,
]

PUBLIC_URLS = {
    "https://example.org": "https://example.org/",
    "https://EXAMPLE.org:443/Hook?a=1": "https://example.org/Hook?a=1",
    "https://example.org:8443/hook": "https://example.org:8443/hook",
    "https://bücher.example/hook": "https://xn--bcher-kva.example/hook",
    "https://8.8.8.8/": "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/": "https://[2606:4700:4700::1111]/",
    "https://[::ffff:8.8.8.8]/": "https://[::ffff:808:808]/",
    "https://[64:ff9b::8.8.8.8]/": "https://[64:ff9b::808:808]/",
    "https://1.example.org/": "https://1.example.org/",
    "https://0x7f.example/": "https://0x7f.example/",
}


def is_allowed(url: str, allowed: AllowList = NOTHING_ALLOWED) -> bool:
    try:
        check_url(url, allowed)
    except ForbiddenAddressError:
        return False
    return True


class TestCheckUrl:
    @pytest.mark.parametrize("url", FORBIDDEN_URLS)
    def test_refuses(self, url: str) -> None:
        with pytest.raises(ForbiddenAddressError):
            check_url(url)

    @pytest.mark.parametrize(("url", "sent"), PUBLIC_URLS.items())
    def test_lets_public_ones_through_in_one_form(self, url: str, sent: str) -> None:
        assert check_url(url).url == sent

    @pytest.mark.parametrize("url", PUBLIC_URLS)
    def test_gives_a_form_that_it_accepts_again(self, url: str) -> None:
        once = check_url(url)
        assert check_url(once.url) == once

    def test_says_where_it_leads(self) -> None:
        found = check_url("https://example.org:8443/hook")
        assert (found.host, found.port) == ("example.org", 8443)

    @given(text=st.text(max_size=60))
    def test_answers_any_text(self, text: str) -> None:
        is_allowed(text)
        is_allowed("https://" + text)

    @given(number=st.integers(0, 2**32 - 1))
    def test_refuses_every_number_and_every_short_form_of_an_address(self, number: int) -> None:
        a, b, c, d = IPv4Address(number).packed
        for host in (str(number), hex(number), f"{a}.{b * 65_536 + c * 256 + d}", f"{a}.{b}.{d}"):
            assert not is_allowed(f"https://{host}/")


class TestAllowList:
    def test_opens_one_host_and_port_for_plain_http(self) -> None:
        allowed = allow_list(["127.0.0.1:9000"])
        assert is_allowed("http://127.0.0.1:9000/hook", allowed)
        assert not is_allowed("http://127.0.0.1:9001/hook", allowed)
        assert not is_allowed("http://127.0.0.2:9000/hook", allowed)
        assert not is_allowed("http://example.org:9000/hook", allowed)

    def test_opens_a_network_at_any_port(self) -> None:
        allowed = allow_list(["10.20.0.0/16"])
        assert is_allowed("http://10.20.1.2:8000/", allowed)
        assert is_allowed("https://[::ffff:10.20.1.2]/", allowed)
        assert not is_allowed("http://10.21.1.2:8000/", allowed)

    def test_opens_a_named_host(self) -> None:
        allowed = allow_list(["hooks.mission.local:8080", "[fd12::1]:9000"])
        assert is_allowed("http://HOOKS.mission.local:8080/", allowed)
        assert is_allowed("http://[fd12::1]:9000/", allowed)
        private = ip_address("10.1.1.1")
        check_address(private, host="hooks.mission.local", port=8080, allowed=allowed)
        with pytest.raises(ForbiddenAddressError):
            check_address(private, host="hooks.mission.local", port=443, allowed=allowed)

    @pytest.mark.parametrize(
        "address", ["169.254.169.254", "224.0.0.1", "0.0.0.1", "fe80::1", "ff02::1", "::"]
    )
    def test_never_opens_what_is_always_denied(self, address: str) -> None:
        allowed = allow_list(["0.0.0.0/0", "::/0", "hooks.mission.local:443"])
        with pytest.raises(ForbiddenAddressError):
            check_address(
                ip_address(address), host="hooks.mission.local", port=443, allowed=allowed
            )

    @pytest.mark.parametrize(
        "entry",
        [
            "",
            "example.org",
            "example.org:0",
            "example.org:70000",
            "10.0.0.1/8",
            "http://a:1",
            "0:1",
        ],
    )
    def test_names_a_wrong_entry(self, entry: str) -> None:
        with pytest.raises(ConfigurationError, match="no allowed webhook address"):
            allow_list([entry])


class TestCheckAddress:
    @given(inner=st.ip_addresses(v=4))
    def test_a_wrapped_address_is_allowed_only_if_the_inner_one_is(
        self, inner: IPv4Address
    ) -> None:
        wrapped = [
            IPv6Address((0xFFFF << 32) | int(inner)),
            IPv6Address((0x64FF9B << 96) | int(inner)),
            IPv6Address((0x2002 << 112) | (int(inner) << 80) | 1),
        ]
        expected = is_public(inner)
        assert [is_public(address) for address in wrapped] == [expected] * 3

    @given(address=st.ip_addresses(v=6))
    def test_ipv6_outside_global_unicast_is_refused(self, address: IPv6Address) -> None:
        if int(address) >> 125 != 1 and int(address) >> 32 not in {0, 0xFFFF, 0x64FF9B << 64}:
            assert not is_public(address)

    @given(address=st.ip_addresses(v=4, network="10.0.0.0/8"))
    def test_private_addresses_need_the_allow_list(self, address: IPv4Address) -> None:
        assert not is_public(address)
        allowed = AllowList(networks=(IPv4Network("10.0.0.0/8"),))
        check_address(address, host="a.example", port=443, allowed=allowed)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    try:
        check_address(address, host="a.example", port=443)
    except ForbiddenAddressError:
        return False
    return True
