// A real redis-server and a thread for each node: time is the machine's, and waiting is real.
#include <filesystem>
#include <future>
#include <map>
#include <stdexcept>
#include <string>

#include "contract/contract_world.hpp"
#include "redis/open.hpp"
#include "runtime/runtime.hpp"
#include "support/plain_watch.hpp"
#include "support/redis_server.hpp"

namespace tutti::contract {
namespace {

constexpr const char* app = "contract";

// Runs `task` on the thread of the runtime and waits for it.
template <class F>
void run_on(Runtime& runtime, F task) {
    std::promise<void> ran;
    runtime.executor().post([&] {
        task();
        ran.set_value();
    });
    ran.get_future().wait();
}

class RedisNode {
public:
    explicit RedisNode(const std::string& url) {
        runtime_.start();
        auto opened = redis::open_redis(runtime_, {.url = url, .app = app},
                                        Boottime::now() + ContractWorld::patience);
        if (!opened) throw std::runtime_error(opened.error().message());
        pair_ = *std::move(opened);
    }
    ~RedisNode() {
        close();
        runtime_.stop();
    }
    RedisNode(const RedisNode&) = delete;
    RedisNode& operator=(const RedisNode&) = delete;

    [[nodiscard]] Store& store() { return *pair_.store; }
    [[nodiscard]] Bus& bus() { return *pair_.bus; }
    void close() {
        run_on(runtime_, [&] {
            pair_.bus->close();
            pair_.store->close();
        });
    }

private:
    Runtime runtime_;
    redis::RedisPair pair_;
};

class RedisWorld final : public ContractWorld {
public:
    RedisWorld() { runtime_.start(); }
    ~RedisWorld() override {
        server_.resume();
        runtime_.stop();
    }

    Store& store(std::size_t node) override { return at(node).store(); }
    Bus& bus(std::size_t node) override { return at(node).bus(); }
    void close(std::size_t node) override { at(node).close(); }

    [[nodiscard]] TimePoint now() const override { return Boottime::now(); }
    bool run_until(const std::function<bool()>& done, Duration limit) override {
        const TimePoint end = now() + limit;
        while (!done()) {
            if (now() > end) return false;
            run_for(std::chrono::milliseconds{1});
        }
        return true;
    }
    void run_for(Duration time) override {
        std::promise<void> over;
        runtime_.executor().run_at(now() + time, [&] { over.set_value(); });
        over.get_future().wait();
    }

    void restart_empty() override {
        server_.kill();
        std::filesystem::remove(server_.folder() / "dump.rdb");
        server_.start();
    }
    void save() override { server_.command({"SAVE"}); }
    void restart_from_saved() override { server_.restart(); }
    void stop_server() override { server_.pause(); }
    void start_server() override { server_.resume(); }
    void break_subscriptions() override { server_.command({"CLIENT", "KILL", "TYPE", "pubsub"}); }
    void lose_log(const std::string& channel) override {
        server_.command({"DEL", name(channel) + ":log"});
    }
    void trim_log(const std::string& channel, std::size_t entries) override {
        server_.command({"XTRIM", name(channel) + ":log", "MAXLEN", std::to_string(entries)});
    }
    void lose_members(const std::string& channel) override {
        server_.command({"DEL", name(channel) + ":acks"});
    }
    void lose_state(const std::string& channel) override {
        server_.command({"DEL", name(channel) + ":m"});
    }
    void lose_tags(const std::string& channel) override {
        server_.command({"DEL", name(channel) + ":tags"});
    }
    void remember(const std::string& channel) override { copy(name(channel), "remembered"); }
    void set_back(const std::string& channel) override { copy("remembered", name(channel)); }
    void lose_everything() override { server_.command({"FLUSHALL"}); }
    void age(Duration by) override {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
        server_.command({"EVAL",
                         "for _, key in ipairs(redis.call('KEYS', '*')) do "
                         "local left = redis.call('PTTL', key) "
                         "if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end end "
                         "return 1",
                         "0", std::to_string(ms)});
    }
    void age_members(const std::string& channel, Duration by) override {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
        server_.command({"HINCRBY", name(channel) + ":m", "k", std::to_string(ms)});
    }
    void push_undecodable(const std::string& channel) override {
        server_.command({"PUBLISH", name(channel), "not an entry"});
    }

    [[nodiscard]] std::optional<Sequence> applied_of(const std::string& channel,
                                                     const std::string& member) override {
        const std::string score = server_.command({"ZSCORE", name(channel) + ":acks", member});
        if (score == "(nil)") return std::nullopt;
        return std::stoull(score);
    }

    void publish_plain(const std::string& channel, const std::string& payload) override {
        server_.command({"PUBLISH", channel, payload});
    }
    void watch_plain(const std::string& channel) override {
        watches_.try_emplace(channel, server_.port(), channel);
    }
    [[nodiscard]] std::vector<std::string> plain_seen(const std::string& channel) override {
        return watches_.at(channel).take();
    }

private:
    RedisNode& at(std::size_t node) {
        auto& place = nodes_[node];
        if (!place) place = std::make_unique<RedisNode>(server_.url());
        return *place;
    }
    // Of the keys and of the pub/sub channel, as redis/redis_bus.hpp has it.
    static std::string name(const std::string& channel) {
        return "tutti:{" + std::string(app) + "/0/" + channel + "}";
    }

    void copy(const std::string& from, const std::string& to) {
        for (const char* part : {":m", ":log", ":acks"}) {
            server_.command({"DEL", to + part});
            server_.command({"COPY", from + part, to + part});
        }
    }

    tests::RedisServer server_;
    Runtime runtime_;  // the world's own, for waiting
    std::map<std::string, tests::PlainWatch> watches_;
    std::map<std::size_t, std::unique_ptr<RedisNode>> nodes_;
};

}  // namespace

std::unique_ptr<ContractWorld> make_redis_world() { return std::make_unique<RedisWorld>(); }

}  // namespace tutti::contract
