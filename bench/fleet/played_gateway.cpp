#include "bench/fleet/played_gateway.hpp"

#include <thread>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/domain/domain.hpp"
#include "common/http/router.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/clock.hpp"
#include "tutti/json.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;

constexpr std::size_t prompt_bytes = 2'000;
constexpr std::size_t reply_bytes = 300;
constexpr std::size_t workers = 64;

struct AskedContext {
    std::string channel_id;
    std::string message_id;
};
struct AskedMessage {
    std::string content;
};
struct Asked {
    AskedMessage message;
    AskedContext context;
};
BOOST_DESCRIBE_STRUCT(AskedContext, (), (channel_id, message_id))
BOOST_DESCRIBE_STRUCT(AskedMessage, (), (content))
BOOST_DESCRIBE_STRUCT(Asked, (), (message, context))

struct Queued {
    std::string job_id;
    std::string request_id;
    std::string status = "queued";
};
BOOST_DESCRIBE_STRUCT(Queued, (), (job_id, request_id, status))

struct Speaker {
    std::string name = "Ada";
    std::string slug = "ada";
};
struct Reply {
    std::string request_id;
    bool success = true;
    std::string content;
    Speaker personality{};
};
BOOST_DESCRIBE_STRUCT(Speaker, (), (name, slug))
BOOST_DESCRIBE_STRUCT(Reply, (), (request_id, success, content, personality))

std::string personality() {
    domain::GetPersonalityResponse found;
    found.personality.id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01";
    found.personality.name = "Ada";
    found.personality.slug = "ada";
    found.personality.is_public = true;
    found.personality.system_prompt = std::string(prompt_bytes, 'p');
    found.personality.model = "a/model";
    return json::write(found);
}

http::Response ok() { return http::json_response(200, "{}"); }

}  // namespace

PlayedGateway::PlayedGateway(const std::string& redis_url, std::chrono::milliseconds takes)
    : takes_(takes),
      redis_(redis::RedisClient::create(
                 {.url = redis_url, .connections_max = workers, .queued_max = workers})
                 .value()) {
    http::Router router;
    router.add("GET", "/health", [](const http::Request&) { return ok(); })
        .add("GET", "/user/channel/:channel",
             [this](const http::Request& request) {
                 return activation(request.parameters.at("channel"));
             })
        .add("GET", "/internal/personality/:slug",
             [](const http::Request&) { return http::json_response(200, personality()); })
        .add("POST", "/ai/generate",
             [this](const http::Request& request) { return generate(request); })
        .add("POST", "/ai/job/:job/confirm-delivery", [this](const http::Request&) {
            const detail::Lock lock(mutex_);
            ++confirmed_;
            return ok();
        });
    server_ =
        http::Server::start({.limits = {.internal = {.workers = workers, .queued_max = 4'096}}},
                            std::move(router))
            .value();
}

std::string PlayedGateway::url() const {
    return "http://127.0.0.1:" + std::to_string(server_->port());
}

void PlayedGateway::silence(const std::string& channel) {
    const detail::Lock lock(mutex_);
    silent_ = channel;
}

std::map<std::size_t, PlayedGateway::Seen> PlayedGateway::take_seen() {
    const detail::Lock lock(mutex_);
    confirmed_ = 0;
    return std::exchange(seen_, {});
}

std::size_t PlayedGateway::confirmed() const {
    const detail::Lock lock(mutex_);
    return confirmed_;
}

http::Response PlayedGateway::activation(const std::string& channel) const {
    domain::GetChannelActivationResponse found;
    const detail::Lock lock(mutex_);
    found.is_activated = channel != silent_;
    if (found.is_activated) {
        found.activation = domain::Activation{.id = "0b3f5d0e-5d0b-5e8e-9d7a-3f0a0d5b9c01",
                                              .channel_id = channel,
                                              .guild_id = std::string("900"),
                                              .personality_slug = "ada",
                                              .personality_name = "Ada",
                                              .activated_by = {},
                                              .created_at = "2026-01-01T00:00:00.000Z"};
    }
    return http::json_response(200, json::write(found));
}

http::Response PlayedGateway::generate(const http::Request& request) {
    const auto asked = json::read<Asked>(request.body).value();
    const std::string number = asked.message.content.substr(asked.message.content.find(' ') + 1);
    const std::size_t n = std::stoul(number);
    {
        const detail::Lock lock(mutex_);
        seen_[n].asked = std::chrono::system_clock::now();
    }
    std::this_thread::sleep_for(takes_);
    const std::string job = "llm-" + asked.context.message_id;
    const std::string text = "r " + number + ' ';
    const std::string result = json::write(
        Reply{.request_id = job, .content = text + std::string(reply_bytes - text.size(), 'x')});
    {
        const detail::Lock lock(mutex_);
        seen_[n].left = std::chrono::system_clock::now();
    }
    redis_
        ->command({"XADD",        "job-results",
                   "MAXLEN",      "~",
                   "10000",       "*",
                   "jobId",       job,
                   "requestId",   job,
                   "result",      result,
                   "completedAt", process::iso_timestamp(process::unix_now()),
                   "channel",     asked.context.channel_id,
                   "reference",   asked.context.message_id,
                   "upTo",        "0"},
                  Boottime::now() + 2s)
        .value();
    return http::json_response(202, json::write(Queued{.job_id = job, .request_id = job}));
}

}  // namespace bench
