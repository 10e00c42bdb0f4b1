// Everything refers to what is declared before it in Impl, and `stop` goes the other way: no new
// job, then the calls that jobs wait for, then the node.
#include "ai-worker/ai_worker.hpp"

#include <unistd.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "common/caches/catalogue.hpp"
#include "common/caches/instance_advice.hpp"
#include "common/caches/node_routes.hpp"
#include "common/caches/presence.hpp"
#include "common/domain/uuid.hpp"
#include "common/http/router.hpp"
#include "common/http/server.hpp"
#include "common/jobs/job_runner.hpp"
#include "common/jobs/job_source_redis.hpp"
#include "common/redis/client.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::worker {
namespace {

using namespace std::chrono_literals;

constexpr Duration jobs_stop_timeout = 6s;  // of a stop
constexpr std::size_t other_redis_calls = 3;

// The caches' loads may outlive the call of the handler, so each has the paid calls for itself.
handlers::WorkContext work_context(const jobs::JobContext& context) {
    const auto paid = std::make_shared<jobs::PaidCalls>(context.paid);
    return {.deadline = context.deadline,
            .children = context.children,
            .pay =
                [paid](const std::string& call, const std::function<Result<std::string>()>& ask) {
                    return paid->once(call, ask);
                },
            .stop = context.stop};
}

}  // namespace

struct AiWorker::Impl {
    Result<void> open_queue(const Options& options) {
        if (!options.node.redis_url) {
            source = options.source;
            if (source) return {};
            return fail(Errc::invalid_option, "start ai-worker",
                        "REDIS_URL is not set, so there is no queue to take jobs from");
        }
        auto commands = redis::RedisClient::create(
            {.url = *options.node.redis_url,
             .connections_max = options.node.jobs_at_a_time + other_redis_calls,
             .reply_bytes_max = jobs::claim_reply_bytes_max});
        if (!commands) return fail(std::move(commands).error());
        redis = *std::move(commands);
        // A claim that waits takes longer than other commands may.
        auto waits = redis::RedisClient::create(
            {.url = *options.node.redis_url, .connections_max = 1, .command_timeout = 5s});
        if (!waits) return fail(std::move(waits).error());
        waiting = *std::move(waits);
        source = std::make_shared<jobs::RedisJobSource>(
            *redis, *waiting,
            jobs::RedisJobSource::Options{.queue = options.queue_name,
                                          .leases = {.lease = options.job_lease}});
        presence = caches::advise_on_others(*redis, caches::ai_worker_service, options.node.name);
        return {};
    }

    Result<void> listen(const Options& options) {
        http::Router router;
        caches::add_node_routes(
            router, node->node(),
            {.health = [this] { return health(); }, .metrics = [this] { return metrics(); }});
        auto listening = http::Server::start({.address = options.address, .port = options.port},
                                             std::move(router));
        if (!listening) return fail(std::move(listening).error());
        server = *std::move(listening);
        return {};
    }

    void take_jobs(const Options& options) {
        runner = std::make_unique<jobs::JobRunner>(
            *source,
            [this](const jobs::Job& job, const jobs::JobContext& context) {
                return node->handle(job, work_context(context));
            },
            jobs::JobRunner::Options{
                .worker = options.node.name + '-' + domain::random_uuid().substr(0, 8),
                .concurrency = options.node.jobs_at_a_time,
                .lease = redis ? options.job_lease : jobs::LeaseOptions{}.lease});
    }

    [[nodiscard]] http::Response health() const {
        std::vector<std::string> reasons;
        if (!runner->healthy()) reasons.emplace_back("the queue of jobs does not answer");
        return caches::health_response(node->node(), std::move(reasons));
    }

    [[nodiscard]] http::Response metrics() const {
        const auto upstreams = node->upstreams();
        http::Response response = caches::metrics_response(node->node(), upstreams);
        response.body += jobs::runner_metrics_text(runner->figures());
        if (presence) response.body += caches::presence_metrics_text(presence->count());
        return response;
    }

    void stop() {
        const detail::Lock lock(stopping);
        if (server) server->stop();
        if (runner) runner->stop(Boottime::now() + jobs_stop_timeout);
        // A handler may wait for a picture that another worker has claimed, dead or alive: that is
        // a read of the node's, which only its end answers.
        if (node) node->stop();
        runner.reset();  // its handlers wait for nothing any more
        if (presence) presence->stop();
    }

    std::unique_ptr<WorkerNode> node;
    std::unique_ptr<redis::RedisClient> redis;    // none: the queue is in this process
    std::unique_ptr<redis::RedisClient> waiting;  // of the claim that waits; likewise
    std::shared_ptr<jobs::JobSource> source;
    std::unique_ptr<caches::Presence> presence;  // none: this is the only instance
    std::unique_ptr<jobs::JobRunner> runner;
    std::unique_ptr<http::Server> server;
    detail::Mutex stopping;  // held for all of a stop: another one waits for its end
};

AiWorker::Options AiWorker::Options::from(const process::Settings& settings) {
    auto name = settings.instance_name.value_or(std::string(caches::ai_worker_service) + '-' +
                                                std::to_string(::getpid()));
    return {.node = WorkerNode::Options::from(settings, std::move(name)),
            .address = settings.listen_address,
            .port = settings.ai_worker_port,
            .queue_name = settings.queue_name,
            .job_lease = settings.job_lease};
}

Result<std::unique_ptr<AiWorker>> AiWorker::start(const Options& options) {
    auto impl = std::make_unique<Impl>();
    if (auto opened = impl->open_queue(options); !opened) return fail(std::move(opened).error());
    auto node = WorkerNode::start(options.node);
    if (!node) return fail(std::move(node).error());
    impl->node = *std::move(node);
    impl->take_jobs(options);
    if (auto listening = impl->listen(options); !listening) {
        impl->stop();
        return fail(std::move(listening).error());
    }
    return std::unique_ptr<AiWorker>(new AiWorker(std::move(impl)));
}

AiWorker::AiWorker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AiWorker::~AiWorker() { stop(); }
std::uint16_t AiWorker::port() const noexcept { return impl_->server->port(); }
void AiWorker::stop() { impl_->stop(); }

}  // namespace tutti::services::worker
