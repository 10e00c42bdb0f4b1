// Fetches attachments from the hosts that the operator has named (net::AttachmentHosts), from
// /temp-attachments/ of the gateway (GATEWAY_URL, PUBLIC_GATEWAY_URL), whatever address that has,
// and from nowhere else. A redirect, three at most, is a URL like the first.
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
#include "common/net/attachment_hosts.hpp"
#include "common/process/settings.hpp"

namespace tutti::services::worker::attachments {

class AttachmentFetch final : public AttachmentSource {
public:
    struct Options {
        net::AttachmentHosts::Options hosts{};
        std::vector<std::string> gateway_urls{};
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
    [[nodiscard]] providers::Answered<std::string> fetch_from(std::string url, TimePoint deadline);

    net::AttachmentHosts hosts_;
    std::set<std::string, std::less<>> gateways_;  // origins
    http::Client http_;
};

}  // namespace tutti::services::worker::attachments
