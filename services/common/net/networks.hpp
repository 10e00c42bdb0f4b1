// Which addresses are of the public Internet, and ranges of addresses that an operator names.
//
// A name is no protection: it may resolve to this machine, to the network that it stands in, or to
// the metadata service of a cloud (169.254.169.254). What strangers may name is therefore judged by
// the address that is connected to.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tutti/error.hpp"

namespace tutti::services::net {

// False for loopback, private, link-local, shared, multicast, documentation and reserved ranges,
// for IPv6 addresses that carry such an IPv4 address, and for what is no numeric address.
[[nodiscard]] bool is_public(std::string_view address);

// A host as a URL has it that is this machine whatever a name server says: a numeric address of
// 127.0.0.0/8, ::1, or "localhost".
[[nodiscard]] bool is_loopback(std::string_view host);

// A range of addresses: "10.0.0.0/8", "fd00::/8", or one address.
class Network {
public:
    // Errors: invalid_option.
    [[nodiscard]] static Result<Network> parse(std::string_view text);

    // False for what is no numeric address.
    [[nodiscard]] bool contains(std::string_view address) const;

private:
    // IPv4 as ::ffff:a.b.c.d, so that both kinds compare in one way.
    using Bytes = std::array<std::uint8_t, 16>;

    Bytes first_{};
    unsigned prefix_bits_ = 0;
};

}  // namespace tutti::services::net
