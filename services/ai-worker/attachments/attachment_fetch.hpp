// Fetches attachments from the hosts that the operator has named, and from nowhere else: a job's
// URLs come from users, and a worker can reach what users cannot.
//
//   allowed                                              which addresses it may have
//   ATTACHMENT_HOSTS, a name                             public ones, and those of
//   ATTACHMENT_NETWORKS ATTACHMENT_HOSTS, a numeric address                  that one GATEWAY_URL,
//   PUBLIC_GATEWAY_URL: /temp-attachments/  any: the operator named the place itself
//   DISCORD_CDN_BASE_URL, instead of Discord's hosts     any, as above
//
// The address is checked where it is connected to, so a name that resolves to another one the next
// time gains nothing. A redirect, three at most, is a URL like the first.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ai-worker/attachments/attachment_source.hpp"
#include "common/http/client.hpp"
#include "common/net/networks.hpp"
#include "common/process/settings.hpp"

namespace tutti::services::worker::attachments {

class AttachmentFetch final : public AttachmentSource {
public:
    struct Options {
        std::vector<std::string> origins = process::Settings{}.attachment_hosts;
        std::vector<net::Network> networks{};
        std::vector<std::string> gateway_urls{};
        std::string discord_base_url{};  // empty: Discord's own hosts
        process::HttpPool pool = process::Settings{}.attachments;
        std::size_t file_bytes_max = 25U << 20U;

        [[nodiscard]] static Options from(const process::Settings& settings);
    };

    explicit AttachmentFetch(const Options& options);

    // From the gateway, and when that has it no more from where it came.
    [[nodiscard]] providers::Answered<std::string> fetch(const domain::MediaPlace& place,
                                                         TimePoint deadline) override;

    [[nodiscard]] http::Metrics metrics() const { return http_.metrics(); }
    // Ends downloads in progress. Idempotent.
    void stop() { http_.stop(); }

private:
    [[nodiscard]] Result<std::string> permitted(std::string_view url) const;
    [[nodiscard]] bool permits(std::string_view origin, std::string_view address) const;
    [[nodiscard]] providers::Answered<std::string> fetch_from(std::string url, TimePoint deadline);

    std::set<std::string, std::less<>> origins_;
    std::set<std::string, std::less<>> gateways_;  // origins
    std::set<std::string, std::less<>> named_;     // origins that may have any address
    std::vector<net::Network> networks_;
    std::string discord_base_url_;
    http::Client http_;
};

}  // namespace tutti::services::worker::attachments
