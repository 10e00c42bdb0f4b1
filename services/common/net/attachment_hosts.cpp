#include "common/net/attachment_hosts.hpp"

#include <algorithm>
#include <array>

#include "tutti/canonical.hpp"

namespace tutti::services::net {
namespace {

constexpr std::array<std::string_view, 2> discord_hosts{"cdn.discordapp.com",
                                                        "media.discordapp.net"};

}  // namespace

Result<HttpUrl> parse_host_in_lower_case(std::string_view text) {
    auto url = HttpUrl::parse(text);
    if (url) url->host = to_lower(url->host);
    return url;
}

AttachmentHosts::AttachmentHosts(const Options& options)
    : networks_(options.networks), discord_base_url_(options.discord_base_url) {
    for (const std::string& text : options.origins) {
        const auto url = parse_host_in_lower_case(text);
        if (!url) continue;
        origins_.insert(url->origin());
        if (Network::parse(url->host)) named_.insert(url->origin());
    }
    if (const auto url = parse_host_in_lower_case(discord_base_url_)) {
        named_.insert(url->origin());
    }
}

Result<std::string> AttachmentHosts::place_of(std::string_view text) const {
    const auto url = parse_host_in_lower_case(text);
    if (!url) return fail(url.error());
    const std::string origin = url->origin();
    if (!origins_.contains(origin)) {
        return fail(Errc::refused, "fetch an attachment",
                    "its host is none of ATTACHMENT_HOSTS: " + url->authority());
    }
    const bool of_discord = std::ranges::find(discord_hosts, url->host) != discord_hosts.end();
    if (of_discord && !discord_base_url_.empty()) return discord_base_url_ + url->target;
    return origin + url->target;
}

bool AttachmentHosts::permits(std::string_view origin, std::string_view address) const {
    if (named_.contains(origin) || is_public(address)) return true;
    return std::ranges::any_of(networks_,
                               [&](const Network& network) { return network.contains(address); });
}

}  // namespace tutti::services::net
