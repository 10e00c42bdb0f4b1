// A delayed answer waits on a condition, so that the end of the object wakes it. Many workers: a
// delay holds one for its length.
#include "provider-stand-in/stand_in.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/http/errors.hpp"
#include "common/http/router.hpp"
#include "common/http/server.hpp"
#include "common/process/problem_list.hpp"
#include "provider-stand-in/catalogue.hpp"
#include "tutti/json.hpp"

namespace tutti::services::stand_in {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t workers = 64;
constexpr std::size_t models_max = 10'000;

struct BehaviourBody {
    std::optional<std::int64_t> delay_ms;
    std::optional<int> status;
    std::optional<bool> empty;
    std::optional<std::size_t> models;
};
BOOST_DESCRIBE_STRUCT(BehaviourBody, (), (delay_ms, status, empty, models))

struct CallsBody {
    std::uint64_t models = 0;
};
BOOST_DESCRIBE_STRUCT(CallsBody, (), (models))

Result<void> check(const ProviderStandIn::Behaviour& behaviour) {
    process::ProblemList problems;
    if (behaviour.delay < 0ms || behaviour.delay > 10min) {
        problems.add("delay must be from 0 to 600000 ms");
    }
    if (behaviour.status < 200 || behaviour.status > 599)
        problems.add("status must be from 200 to 599");
    if (behaviour.models > models_max) problems.add("models must be at most 10000");
    if (!problems.empty()) return fail(Errc::invalid_option, "provider stand-in", problems.text());
    return {};
}

}  // namespace

struct ProviderStandIn::Impl {
    http::Response models() {
        std::unique_lock lock(mutex);
        ++calls;
        const Behaviour now = behaviour;
        ended.wait_for(lock, now.delay, [this] { return stopping; });
        lock.unlock();
        if (now.status != 200) {
            return http::json_response(now.status, R"({"error":{"message":"as told"}})");
        }
        return http::json_response(200,
                                   domain::write_catalogue_answer(stand_in_catalogue(now.models)));
    }
    http::Response count() {
        const std::lock_guard lock(mutex);
        return http::json_response(200, json::write(CallsBody{calls}));
    }
    http::Response set(const http::Request& request) {
        const auto body = json::read<BehaviourBody>(request.body);
        if (!body)
            return http::error_response(http::ErrorCode::validation_error, body.error().cause);
        Behaviour wanted;
        if (body->delay_ms) wanted.delay = std::chrono::milliseconds(*body->delay_ms);
        wanted.status = body->status.value_or(wanted.status);
        wanted.models = body->empty.value_or(false) ? 0 : body->models.value_or(wanted.models);
        if (const auto good = behave(wanted); !good) {
            return http::error_response(http::ErrorCode::validation_error, good.error().cause);
        }
        return http::Response{.status = 204};
    }
    Result<void> behave(const Behaviour& wanted) {
        if (auto good = check(wanted); !good) return good;
        const std::lock_guard lock(mutex);
        behaviour = wanted;
        return {};
    }
    void stop() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        ended.notify_all();
        if (server) server->stop();
    }

    std::mutex mutex;
    std::condition_variable ended;
    Behaviour behaviour;
    std::uint64_t calls = 0;
    bool stopping = false;
    std::unique_ptr<http::Server> server;
};

Result<std::unique_ptr<ProviderStandIn>> ProviderStandIn::start(const Options& options) {
    auto impl = std::make_unique<Impl>();
    if (auto good = impl->behave(options.behaviour); !good) return fail(std::move(good).error());
    http::Router router;
    router.add("GET", "/api/v1/models", [&it = *impl](const http::Request&) { return it.models(); })
        .add("GET", "/attachments/:channel/:id/:name",
             [](const http::Request& r) {
                 return http::text_response(200, "the attachment " + r.parameter("name"),
                                            "application/octet-stream");
             })
        .add("GET", "/calls", [&it = *impl](const http::Request&) { return it.count(); })
        .add("PUT", "/behaviour", [&it = *impl](const http::Request& r) { return it.set(r); });
    auto server = http::Server::start(
        {.port = options.port, .limits = {.internal = {.workers = workers}}}, std::move(router));
    if (!server) return fail(std::move(server).error());
    impl->server = *std::move(server);
    return std::unique_ptr<ProviderStandIn>(new ProviderStandIn(std::move(impl)));
}

ProviderStandIn::ProviderStandIn(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProviderStandIn::~ProviderStandIn() { impl_->stop(); }

std::uint16_t ProviderStandIn::port() const noexcept { return impl_->server->port(); }

std::string ProviderStandIn::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

std::uint64_t ProviderStandIn::calls() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->calls;
}

Result<void> ProviderStandIn::behave(const Behaviour& behaviour) {
    return impl_->behave(behaviour);
}

}  // namespace tutti::services::stand_in
