// The routes of /ai with a queue, reservations and results that a test scripts.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api-gateway/routes/ai_routes.hpp"
#include "common/jobs/job_queue_in_process.hpp"
#include "provider-stand-in/stand_in.hpp"
#include "support/temporary_folder.hpp"
#include "unit/api_gateway/jobs/one_worker.hpp"
#include "unit/api_gateway/routes/route_table.hpp"

namespace tutti::services::gateway::routes {

using namespace tutti::services::testing;
using namespace std::chrono_literals;

inline constexpr const char* generate_body =
    R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7","channelId":"500"}})";

// Keeps reservations until they are released, or cannot say.
class Reservations final : public jobs::Deduplicator {
public:
    jobs::Reserved reserve(const std::string& key_text, const jobs::JobIds& ids) override {
        events.push_back("reserve");
        if (away) return {.outcome = jobs::Reserved::Outcome::unavailable};
        const auto [found, granted] = held.try_emplace(key_text, ids);
        if (!granted)
            return {.outcome = jobs::Reserved::Outcome::duplicate, .holder = found->second};
        return {.outcome = jobs::Reserved::Outcome::granted,
                .holder = {},
                .release = [this, key_text, ids] {
                    events.push_back("release");
                    const auto mine = held.find(key_text);
                    if (mine != held.end() && mine->second == ids) held.erase(mine);
                }};
    }

    bool away = false;
    std::map<std::string, jobs::JobIds> held;
    std::vector<std::string> events;
};

// The queue in this process, with failures and a look at the order of things.
class ScriptedQueue final : public services::jobs::JobQueue {
public:
    explicit ScriptedQueue(Reservations& reservations) : reservations_(reservations) {}

    Result<void> enqueue(std::span<const services::jobs::Job> jobs, TimePoint deadline) override {
        reservations_.events.push_back("enqueue");
        if (failure != Errc{}) return fail(failure, "enqueue", "scripted");
        return queue.enqueue(jobs, deadline);
    }
    Result<std::optional<services::jobs::JobStatus>> status(const std::string& id,
                                                            TimePoint deadline) override {
        ++lookups;
        if (failure != Errc{}) return fail(failure, "status", "scripted");
        return queue.status(id, deadline);
    }
    Result<services::jobs::QueueMetrics> metrics(TimePoint deadline) override {
        return queue.metrics(deadline);
    }
    services::jobs::JobSubscription on_finished(services::jobs::JobFinished subscriber) override {
        return queue.on_finished(std::move(subscriber));
    }

    services::jobs::InProcessJobQueue queue;
    OneWorker worker{queue};
    Errc failure{};
    int lookups = 0;

private:
    Reservations& reservations_;
};

class Results final : public jobs::JobResults {
public:
    Result<void> store(const jobs::JobResult& result) override {
        if (broken) return fail(Errc::unavailable, "store", "a table of ours");
        if (stored.insert(result.job_id).second) kept.emplace(result.job_id, result);
        return {};
    }
    Result<std::optional<jobs::JobResult>> find(const std::string& job_id) override {
        if (broken) return fail(Errc::unavailable, "find", "a table of ours");
        const auto found = kept.find(job_id);
        if (found == kept.end()) return std::nullopt;
        jobs::JobResult result = found->second;
        if (delivered.contains(job_id)) result.status = "DELIVERED";
        return result;
    }
    Result<std::optional<jobs::Delivery>> confirm(const std::string& job_id) override {
        if (broken) return fail(Errc::unavailable, "confirm", "a table of ours");
        if (!stored.contains(job_id)) return std::nullopt;
        return jobs::Delivery{.status = "DELIVERED", .repeated = !delivered.insert(job_id).second};
    }

    bool broken = false;
    std::set<std::string> stored{"llm-1"};
    std::set<std::string> delivered;
    std::map<std::string, jobs::JobResult> kept;
};

struct AiRoutes : ::testing::Test {
    [[nodiscard]] http::Response generate(const char* text = generate_body) const {
        return table.post("/ai/generate", text);
    }
    [[nodiscard]] http::Response generate_as(const std::string& client_key,
                                             const std::string& message = "hello",
                                             const std::string& personality = "maestro",
                                             const std::string& user = "7") const {
        return table.call({.method = "POST",
                           .path = "/ai/generate",
                           .headers = {{"Idempotency-Key", client_key}},
                           .body = R"({"personality":{"name":")" + personality +
                                   R"("},"message":")" + message + R"(","context":{"userId":")" +
                                   user + R"("}})"});
    }
    void expect_error(const http::Response& response, int status, const char* code) const {
        EXPECT_EQ(response.status, status) << response.body;
        EXPECT_EQ(text_of(response, "error"), code);
    }

    int requests = 0;
    Reservations reservations;
    Reservations by_key;
    ScriptedQueue queue{reservations};
    Results results;
    tests::TemporaryFolder folder;
    std::unique_ptr<attachments::AttachmentStore> store =
        *attachments::AttachmentStore::open({.directory = folder.file("attachments")});
    std::unique_ptr<stand_in::ProviderStandIn> discord = *stand_in::ProviderStandIn::start({});
    attachments::AttachmentDownloads attachments{
        *store,
        {.public_url = "https://gateway.example", .hosts = {.discord_base_url = discord->url()}}};
    jobs::JobWaits waits{queue, {.poll_every = 1h}};
    AiParts parts{.queue = queue,
                  .deduplicator = reservations,
                  .by_client_key = by_key,
                  .results = results,
                  .attachments = attachments,
                  .waits = waits,
                  .make_request_id = [this] { return std::to_string(++requests); }};
    RouteTable table{ai_routes(parts)};
};

}  // namespace tutti::services::gateway::routes
