#include "common/net/networks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tutti::services::net {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr unsigned address_bits = 128;
constexpr unsigned mapped_bits = 96;  // what stands before an IPv4 address
constexpr std::size_t mapped_bytes = mapped_bits / 8;

struct Address {
    Bytes bytes{};
    bool is_v4 = false;
};

std::optional<Address> read_address(std::string_view text) {
    const std::string numeric(text);  // with its end, for inet_pton
    Address address;
    if (::inet_pton(AF_INET6, numeric.c_str(), address.bytes.data()) == 1) return address;
    address.bytes.fill(0);
    address.bytes[mapped_bytes - 2] = address.bytes[mapped_bytes - 1] = 0xff;
    address.is_v4 = true;
    if (::inet_pton(AF_INET, numeric.c_str(), address.bytes.data() + mapped_bytes) == 1)
        return address;
    return std::nullopt;
}

bool same_prefix(const Bytes& one, const Bytes& other, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(whole), other.begin()))
        return false;
    if (bits % 8 == 0) return true;
    const unsigned mask = 0xffU << (8 - bits % 8);
    return ((one[whole] ^ other[whole]) & mask & 0xffU) == 0;
}

std::vector<Network> named(std::initializer_list<std::string_view> texts) {
    std::vector<Network> networks;
    for (const std::string_view text : texts) networks.push_back(Network::parse(text).value());
    return networks;
}

// The registries of special addresses of IANA, IPv4 and IPv6.
const std::vector<Network>& special() {
    static const std::vector<Network> networks =
        named({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
               "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
               "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23",
               "2001:db8::/32", "2002::/16", "3fff::/20"});
    return networks;
}

// Those that are routed at all: 2000::/3, and IPv4.
const std::vector<Network>& routed() {
    static const std::vector<Network> networks = named({"2000::/3", "0.0.0.0/0"});
    return networks;
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
    const auto wrong = [] {
        return fail(Errc::invalid_option, "read network",
                    "must be an address or a range such as 10.0.0.0/8");
    };
    const std::size_t slash = text.find('/');
    const auto address = read_address(text.substr(0, slash));
    if (!address) return wrong();
    const unsigned before = address->is_v4 ? mapped_bits : 0;
    unsigned bits = address_bits - before;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc{} || end != digits.data() + digits.size() ||
            bits > address_bits - before) {
            return wrong();
        }
    }
    Network network;
    network.first_ = address->bytes;
    network.prefix_bits_ = before + bits;
    return network;
}

bool Network::contains(std::string_view address) const {
    const auto read = read_address(address);
    return read && same_prefix(first_, read->bytes, prefix_bits_);
}

bool is_loopback(std::string_view host) {
    static const std::vector<Network> networks = named({"127.0.0.0/8", "::1"});
    return host == "localhost" || std::ranges::any_of(networks, [&](const Network& network) {
               return network.contains(host);
           });
}

bool is_public(std::string_view address) {
    const auto holds = [&](const Network& network) { return network.contains(address); };
    return std::ranges::any_of(routed(), holds) && std::ranges::none_of(special(), holds);
}

}  // namespace tutti::services::net
