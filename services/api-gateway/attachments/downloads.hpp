// Fetches what a request has attached from ATTACHMENT_HOSTS, Discord's by default, before its jobs
// are planned, so that workers read it from the gateway: Discord's URL is signed and lapses.
//
//     downloads.fetch(request_id, request.attachments);  // those that arrived have a `url` of ours
//
// Whatever goes wrong, there is a reply: the attachment keeps Discord's URL, and the log says why.
// So it is with one that is larger than AttachmentStore::file_bytes_max, with all that have not
// arrived at the deadline, when the store is full, and when other requests take all the turns: a
// request that waits for Discord holds one of the gateway's workers, and other routes need some
// too.
//
// Redirects are not followed.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api-gateway/attachments/store.hpp"
#include "api-gateway/jobs/generate_request.hpp"
#include "common/http/client.hpp"
#include "common/net/attachment_hosts.hpp"
#include "common/net/slots.hpp"
#include "common/process/settings.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::attachments {

class AttachmentDownloads {
public:
    struct Options {
        std::string public_url =
            process::Settings{}.gateway_url;  // of the gateway, see its options
        net::AttachmentHosts::Options hosts{};
        process::HttpPool pool = process::Settings{}.discord_cdn;
        Duration deadline = std::chrono::seconds{3};  // for everything of a request together
        std::size_t requests_max = 4;  // that wait for Discord at a time; further ones do not

        [[nodiscard]] static Options from(const process::Settings& settings);
    };

    // The store outlives it.
    AttachmentDownloads(AttachmentStore& store, const Options& options);

    // Of each attachment that arrived: `url` is replaced and `size` is what was stored;
    // `originalUrl` stays. Blocking: until the deadline at most, and for the disk.
    void fetch(const std::string& request_id, std::vector<jobs::Attachment>& attachments);
    // For a request that was not queued.
    void forget(const std::string& request_id) { store_.remove(request_id); }

    [[nodiscard]] const net::AttachmentHosts& hosts() const { return hosts_; }
    [[nodiscard]] http::Metrics metrics() const { return http_.metrics(); }
    // Ends downloads in progress; what they were for keeps its URL. Idempotent.
    void stop();

private:
    struct Wanted {
        jobs::Attachment& attachment;
        std::string name;  // of the file
    };

    void fetch_one(const std::string& request_id, const Wanted& wanted, TimePoint deadline);
    Result<std::size_t> download(const std::string& request_id, const Wanted& wanted,
                                 TimePoint deadline);

    AttachmentStore& store_;
    const Options options_;
    const net::AttachmentHosts hosts_;
    http::Client http_;
    net::Slots requests_;
};

// What the files of a request are called, in the order of its attachments: by their `name`, made
// safe and distinct, else "attachment-<index>-<the first of the request's id>.bin".
[[nodiscard]] std::vector<std::string> attachment_file_names(
    const std::string& request_id, const std::vector<jobs::Attachment>& attachments);

}  // namespace tutti::services::gateway::attachments
