// A gateway, a bot and a worker, each a process, on a real Redis; and a server of the test's own
// that plays their model and their collector of traces.
//
// Thread-safety: what the server keeps may be read at any time; everything else from one thread.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "support/eventually.hpp"
#include "support/played_discord.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/temporary_folder.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tests {

// As much of an exported span as a tree is made of.
struct SeenSpan {
    std::string service;
    std::string trace_id;
    std::string span_id;
    std::string parent_id;
    std::string name;
    std::int64_t kind = 0;
};

class ObservedServices : public testing::Test {
protected:
    using Response = tutti::services::http::Response;

    static constexpr const char* secret = "the-secret-of-all-services";

    ObservedServices();
    ~ObservedServices() override;

    // Each is ready when it returns. With variables of its own.
    void start_gateway(const Variables& more = {});
    void start_bot(const Variables& more = {});
    void start_worker(const Variables& more = {});
    void start_all(const Variables& more = {});

    Response send(std::uint16_t port, const std::string& method, const std::string& path,
                  const std::string& body = {}, const std::string& traceparent = {});

    // Exported so far.
    [[nodiscard]] std::vector<SeenSpan> spans() const;
    // The `traceparent` of each call of the model.
    [[nodiscard]] std::vector<std::string> model_calls() const;
    [[nodiscard]] std::string own_url() const;

    PlayedDiscord discord;
    RedisServer redis;
    TemporaryFolder folder;
    std::uint16_t gateway_port = free_port();
    std::uint16_t bot_port = free_port();
    std::uint16_t worker_port = free_port();
    std::unique_ptr<Program> gateway;
    std::unique_ptr<Program> bot;
    std::unique_ptr<Program> worker;
    std::function<void()> before_collecting;  // what the collector does first; set before a start

private:
    [[nodiscard]] Variables variables(const std::string& name, const Variables& more) const;
    [[nodiscard]] Response collect(const tutti::services::http::Request& request);
    [[nodiscard]] Response answer(const tutti::services::http::Request& request);
    void await_ready(std::uint16_t port, const Program& program);

    mutable tutti::detail::Mutex mutex_;
    std::vector<SeenSpan> spans_ TUTTI_GUARDED_BY(mutex_);
    std::vector<std::string> model_calls_ TUTTI_GUARDED_BY(mutex_);
    tutti::services::http::Client http_{{.name = "test"}};
    std::unique_ptr<tutti::services::http::Server> server_;  // last: uses all of the above
};

}  // namespace tests
