#include <filesystem>
#include <utility>

#include "contract/node_world.hpp"
#include "support/redis_server.hpp"
#include "tutti/embedded.hpp"
#include "tutti/testing/embedded_server.hpp"

namespace tutti::contract {
namespace {

class EmbeddedNodes final : public NodeWorld {
public:
    NodeOptions options(std::string name) override {
        return {.name = std::move(name), .embedded = hub_};
    }
    void stop_pushes() override { server_.disconnect(); }
    void resume_pushes() override { server_.reconnect(); }
    void restart_empty() override {
        server_.restart_empty();
        server_.reconnect();
    }
    void publish_plain(const std::string& channel, const std::string& payload) override {
        hub_->publish_plain(channel, payload);
    }

private:
    std::shared_ptr<EmbeddedHub> hub_ = EmbeddedHub::create();
    testing::EmbeddedServer server_{hub_};
};

class RedisNodes final : public NodeWorld {
public:
    NodeOptions options(std::string name) override {
        return {.name = std::move(name), .redis = server_.url(), .app = "contract"};
    }
    void stop_pushes() override {
        server_.command({"ACL", "SETUSER", "default", "-subscribe"});
        server_.command({"CLIENT", "KILL", "TYPE", "pubsub"});
    }
    void resume_pushes() override { server_.command({"ACL", "SETUSER", "default", "+subscribe"}); }
    void restart_empty() override {
        server_.kill();
        std::filesystem::remove(server_.folder() / "dump.rdb");
        server_.start();
    }
    void publish_plain(const std::string& channel, const std::string& payload) override {
        server_.command({"PUBLISH", channel, payload});
    }

private:
    tests::RedisServer server_;
};

}  // namespace

std::vector<NodeWorldFactory> node_worlds() {
    return {{.name = "Embedded", .make = [] { return std::make_unique<EmbeddedNodes>(); }},
            {.name = "Redis", .make = [] { return std::make_unique<RedisNodes>(); }}};
}

}  // namespace tutti::contract
