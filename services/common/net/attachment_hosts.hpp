// Where attachments may be fetched from: the hosts that the operator has named, and nowhere else.
// Their URLs come from users, and a service can reach what users cannot.
//
//   allowed                                           which addresses it may have
//   ATTACHMENT_HOSTS, a name                          public ones, and those of ATTACHMENT_NETWORKS
//   ATTACHMENT_HOSTS, a numeric address               that one
//   DISCORD_CDN_BASE_URL, instead of Discord's hosts  any: the operator named the place itself
//
// The address is checked where it is connected to (http::Client::Options::permits), so a name that
// resolves to another one the next time gains nothing.
//
// Thread-safety: const functions may be called from any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/networks.hpp"
#include "common/net/url.hpp"
#include "tutti/error.hpp"

namespace tutti::services::net {

// Names of hosts have no case.
[[nodiscard]] Result<HttpUrl> parse_host_in_lower_case(std::string_view url);

class AttachmentHosts {
public:
    struct Options {
        std::vector<std::string> origins{"https://cdn.discordapp.com:443",
                                         "https://media.discordapp.net:443"};
        std::vector<Network> networks{};
        std::string discord_base_url{};  // empty: Discord's own hosts
    };

    AttachmentHosts() : AttachmentHosts(Options{}) {}
    // What is no URL among the options allows nothing.
    explicit AttachmentHosts(const Options& options);

    // What is connected to for that URL. Errors: invalid_option (it is none), refused (its host is
    // not allowed).
    [[nodiscard]] Result<std::string> place_of(std::string_view url) const;
    // Whether an allowed origin may have that address.
    [[nodiscard]] bool permits(std::string_view origin, std::string_view address) const;

private:
    std::set<std::string, std::less<>> origins_;
    std::set<std::string, std::less<>> named_;  // origins that may have any address
    std::vector<Network> networks_;
    std::string discord_base_url_;
};

}  // namespace tutti::services::net
