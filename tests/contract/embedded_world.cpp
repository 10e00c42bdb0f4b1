// Everything on one manual clock and executor: time passes only while a test waits.
#include <map>

#include "contract/contract_world.hpp"
#include "embedded/bus.hpp"
#include "embedded/store.hpp"
#include "tutti/embedded.hpp"
#include "tutti/testing/embedded_server.hpp"
#include "tutti/testing/fake_executor.hpp"

namespace tutti::contract {
namespace {

class EmbeddedWorld final : public ContractWorld {
public:
    Store& store(std::size_t node) override {
        auto& place = stores_[node];
        if (!place) place = std::make_unique<embedded::EmbeddedStore>(hub_, executor_, clock_);
        return *place;
    }
    Bus& bus(std::size_t node) override {
        auto& place = buses_[node];
        if (!place) place = std::make_unique<embedded::EmbeddedBus>(hub_, executor_, clock_);
        return *place;
    }

    void close(std::size_t node) override {
        bool closed = false;
        executor_.post([&] {
            bus(node).close();
            store(node).close();
            closed = true;
        });
        executor_.run_until([&] { return closed; }, patience);
    }

    [[nodiscard]] TimePoint now() const override { return clock_.now(); }
    bool run_until(const std::function<bool()>& done, Duration limit) override {
        return executor_.run_until(done, limit);
    }
    void run_for(Duration time) override { executor_.advance(time); }

    void restart_empty() override {
        server_.restart_empty();
        server_.reconnect();
    }
    void save() override { saved_ = server_.snapshot(); }
    void restart_from_saved() override {
        server_.restart_from(saved_.value());
        server_.reconnect();
    }
    void stop_server() override { server_.go_away(); }
    void start_server() override { server_.come_back(); }
    void break_subscriptions() override {
        server_.disconnect();
        server_.reconnect();
    }
    void lose_log(const std::string& channel) override { server_.lose_log(channel); }
    void trim_log(const std::string& channel, std::size_t entries) override {
        server_.trim_log(channel, entries);
    }
    void lose_members(const std::string& channel) override { server_.lose_members(channel); }
    void lose_state(const std::string& channel) override { server_.lose_state(channel); }
    void lose_tags(const std::string& channel) override { server_.lose_tags(channel); }
    void remember(const std::string&) override { saved_ = server_.snapshot(); }
    void set_back(const std::string&) override {
        server_.rewind_to(saved_.value());
        server_.reconnect();
    }
    void lose_everything() override {
        for (const char* channel : {"c", "d"}) {
            server_.lose_state(channel);
            server_.lose_log(channel);
            server_.lose_members(channel);
        }
        server_.drop_store();
    }
    void age(Duration by) override { executor_.advance(by); }
    void age_members(const std::string& channel, Duration by) override {
        server_.age_members(channel, by);
    }
    void push_undecodable(const std::string& channel) override {
        server_.push_undecodable(channel);
    }

    [[nodiscard]] std::optional<Sequence> applied_of(const std::string& channel,
                                                     const std::string& member) override {
        for (const auto& known : server_.members(channel)) {
            if (known.name == member) return known.applied;
        }
        return std::nullopt;
    }

    void publish_plain(const std::string& channel, const std::string& payload) override {
        hub_->publish_plain(channel, payload);
    }
    void watch_plain(const std::string& channel) override {
        watches_.try_emplace(channel, hub_, channel);
    }
    [[nodiscard]] std::vector<std::string> plain_seen(const std::string& channel) override {
        return watches_.at(channel).take();
    }

private:
    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    std::shared_ptr<EmbeddedHub> hub_ = EmbeddedHub::create({.seed = 1, .clock = clock_});
    testing::EmbeddedServer server_{hub_};
    std::optional<testing::EmbeddedSnapshot> saved_;
    std::map<std::string, testing::PlainSubscriber> watches_;
    std::map<std::size_t, std::unique_ptr<Store>> stores_;
    std::map<std::size_t, std::unique_ptr<Bus>> buses_;
};

}  // namespace

std::unique_ptr<ContractWorld> make_embedded_world() { return std::make_unique<EmbeddedWorld>(); }

}  // namespace tutti::contract
