// A request's downloads share threads that live as long as the call: the pool of connections bounds
// them for all requests together, and its deadline bounds each.
#include "api-gateway/attachments/downloads.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <set>
#include <thread>
#include <utility>

#include "common/process/edge.hpp"
#include "common/process/logging.hpp"
#include "common/process/trace_context.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::gateway::attachments {
namespace {

constexpr std::size_t parallel_max = 8;  // downloads of one request

// Without the query, which holds the signature: it is what lets a program read the file.
std::string without_query(std::string_view url) {
    return std::string(url.substr(0, url.find('?')));
}

void keeps_its_url(const std::string& request_id, std::string_view url, std::string_view why) {
    log::warn("an attachment keeps its URL",
              "request " + request_id + ", " + without_query(url) + ": " + std::string(why));
}

}  // namespace

std::vector<std::string> attachment_file_names(const std::string& request_id,
                                               const std::vector<jobs::Attachment>& attachments) {
    std::vector<std::string> names;
    std::set<std::string> taken;
    for (const jobs::Attachment& attachment : attachments) {
        const auto* given = attachment.all.if_contains("name");
        std::string name;
        if (given != nullptr && given->is_string()) {
            const auto& text = given->get_string();
            name = safe_file_name({text.data(), text.size()});
        }
        if (name.empty()) {
            name = "attachment-" + std::to_string(names.size()) + '-' + request_id.substr(0, 8) +
                   ".bin";
        }
        std::string distinct = name;
        for (std::size_t number = 2; !taken.insert(distinct).second; ++number) {
            distinct = numbered_file_name(name, number);
        }
        names.push_back(std::move(distinct));
    }
    return names;
}

AttachmentDownloads::Options AttachmentDownloads::Options::from(const process::Settings& settings) {
    return {.hosts = settings.attachment_places(), .pool = settings.discord_cdn};
}

AttachmentDownloads::AttachmentDownloads(AttachmentStore& store, const Options& options)
    : store_(store),
      options_(options),
      hosts_(options.hosts),
      http_({.name = "discord-cdn",
             .concurrent_max = options.pool.concurrent_max,
             .queued_max = options.pool.queued_max,
             .call_timeout = options.pool.deadline,
             .idle_max = options.pool.concurrent_max,
             .response_bytes_max = AttachmentStore::file_bytes_max,
             .permits = [this](
                            std::string_view origin,
                            std::string_view address) { return hosts_.permits(origin, address); }}),
      requests_({.concurrent_max = options.requests_max, .queued_max = 0}) {}

void AttachmentDownloads::fetch(const std::string& request_id,
                                std::vector<jobs::Attachment>& attachments) {
    if (attachments.empty() || store_.full()) return;
    const TimePoint deadline = Boottime::now() + options_.deadline;
    const auto turn = requests_.take(deadline);
    if (!turn) {
        return log::warn("attachments keep their URLs",
                         "request " + request_id + ": others are being downloaded already");
    }
    const auto names = attachment_file_names(request_id, attachments);
    std::atomic<std::size_t> next{0};
    const auto work = [&, trace = process::present_trace()] {
        const process::TraceScope scope(trace);
        for (std::size_t i = next++; i < attachments.size(); i = next++) {
            fetch_one(request_id, {.attachment = attachments[i], .name = names[i]}, deadline);
        }
    };
    std::vector<std::jthread> others;
    // Without threads this one does it all.
    process::contain("downloads wait for each other", [&] {
        for (std::size_t i = 1; i < std::min(attachments.size(), parallel_max); ++i) {
            others.emplace_back(work);
        }
    });
    work();
}

// Runs on threads of its own: what is thrown (no memory for the file) must not leave it.
void AttachmentDownloads::fetch_one(const std::string& request_id, const Wanted& wanted,
                                    TimePoint deadline) {
    jobs::Attachment& attachment = wanted.attachment;
    try {
        const auto size = download(request_id, wanted, deadline);
        if (!size) return keeps_its_url(request_id, attachment.url, size.error().message());
        std::string url = options_.public_url + "/temp-attachments/" + request_id + '/' +
                          percent_encode(wanted.name);
        attachment.all["size"] = static_cast<std::int64_t>(*size);
        attachment.all["url"] = url;
        attachment.url = std::move(url);
    } catch (const std::exception& error) {
        keeps_its_url(request_id, attachment.url, error.what());
    }
}

Result<std::size_t> AttachmentDownloads::download(const std::string& request_id,
                                                  const Wanted& wanted, TimePoint deadline) {
    const auto from = hosts_.place_of(wanted.attachment.url);
    if (!from) return fail(from.error());
    const auto response = http_.send(*from, {.method = "GET"}, deadline);
    if (!response) return fail(response.error());
    if (!response->ok()) {
        return fail(Errc::load_failed, "discord-cdn",
                    "it answered with status " + std::to_string(response->status));
    }
    if (auto saved = store_.save(request_id, wanted.name, response->body); !saved) {
        return fail(std::move(saved).error());
    }
    return response->body.size();
}

void AttachmentDownloads::stop() {
    requests_.stop();
    http_.stop();
}

}  // namespace tutti::services::gateway::attachments
