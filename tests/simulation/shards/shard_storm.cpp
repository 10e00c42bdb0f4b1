#include "simulation/shards/shard_storm.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bot-client/shard/shard_session.hpp"
#include "simulation/random.hpp"
#include "support/zlib_sender.hpp"

namespace tutti::simulation {
namespace {

using namespace std::chrono_literals;
using services::bot::shard::Compression;
using services::bot::shard::Entrance;
using services::bot::shard::InProcessIdentifyBudget;
using services::bot::shard::Opcode;
using services::bot::shard::Sequence;
using services::bot::shard::ShardSession;

constexpr std::array scenarios{
    ShardScenario{.name = "calm"},
    ShardScenario{.name = "silent", .silences = 0.05},
    ShardScenario{.name = "cut", .cuts = 0.1},
    ShardScenario{.name = "outages", .outages = 0.02},
    ShardScenario{.name = "closed", .closings = 0.05},
    ShardScenario{.name = "restarts", .reconnects = 0.05, .invalid = 0.02},
    ShardScenario{.name = "mute", .cuts = 0.05, .mutes = 0.3},
    ShardScenario{.name = "chatty", .repeats = 0.2, .requests = 0.2},
    ShardScenario{.name = "compressed", .silences = 0.02, .cuts = 0.05, .compressed = true},
    ShardScenario{.name = "everything",
                  .silences = 0.02,
                  .cuts = 0.03,
                  .outages = 0.01,
                  .closings = 0.02,
                  .reconnects = 0.02,
                  .invalid = 0.01,
                  .mutes = 0.1,
                  .repeats = 0.05,
                  .requests = 0.05},
};

constexpr Duration storm_length = 6min;
constexpr Duration recovery_max = 30s;
constexpr Duration delay_max = 1s;  // of the network

// A number behind a name in a text of ours: "\"s\":17".
std::optional<std::int64_t> number_in(std::string_view text, std::string_view name) {
    const std::size_t at = text.find("\"" + std::string(name) + "\":");
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view value = text.substr(at + name.size() + 3);
    if (value.starts_with("null")) return std::nullopt;
    return std::stoll(std::string(value.substr(0, 20)));
}

class ShardStorm final : private ShardSession::Effects {
public:
    ShardStorm(const ShardScenario& scenario, std::uint64_t seed)
        : scenario_(scenario), random_(seed) {}

    ShardOutcome run() {
        session_.start(now_);
        later(1s, [this] { meet_accidents(); });
        later(1s, [this] { happen(); });
        run_for(storm_length);
        recover();
        const auto& figures = session_.figures();
        return {.violation = violation_,
                .events = figures.dispatched,
                .connects = figures.connects,
                .resumes = figures.resumes,
                .identifies = figures.identifies,
                .given_up = figures.given_up};
    }

private:
    // Of Discord's side.
    struct Session {
        std::string id;
        Sequence last = 0;
        bool valid = true;
    };
    struct Connection {
        ShardSession::Connection number = 0;
        bool carries = true;  // false: silent, without an end
        bool open = true;     // at Discord
        bool identified = false;
        bool attached = false;  // events are sent
        TimePoint to_client{};  // when what was sent last arrives: order is kept
        TimePoint to_server{};
        std::deque<TimePoint> received;  // in a minute
        std::unique_ptr<tests::ZlibSender> compressor;
    };
    using Link = std::shared_ptr<Connection>;

    // Time.

    void later(Duration delay, std::function<void()> what) {
        due_.emplace(std::pair(now_ + delay, ++events_), std::move(what));
    }
    void run_for(Duration duration) {
        const TimePoint end = now_ + duration;
        while (violation_.empty()) {
            const TimePoint next = due_.empty() ? TimePoint::max() : due_.begin()->first.first;
            if (std::min(next, wake_) > end) break;
            if (wake_ <= next) {
                now_ = std::max(now_, wake_);
                wake_ = TimePoint::max();
                session_.tick(now_);
            } else {
                auto what = due_.extract(due_.begin());
                now_ = what.key().first;
                what.mapped()();
            }
        }
        now_ = std::max(now_, end);
    }
    void violate(std::string what) {
        if (violation_.empty()) violation_ = std::move(what);
    }

    // The network.

    Duration delay() { return random_.magnitude(1ms, calm_ ? 100ms : delay_max); }
    void carry(TimePoint& last, std::function<void()> what) {
        last = std::max(now_ + delay(), last);
        later(last - now_, std::move(what));
    }
    void to_client(const Link& link, std::string text) {
        if (!link->open || !link->carries || !network_) return;
        if (link->compressor) text = link->compressor->send(text);
        carry(link->to_client, [this, link, text = std::move(text)] {
            if (!link->carries) return;
            speaker_ = link;
            session_.received(link->number, text, now_);
        });
    }
    // The connection breaks, for both sides.
    void cut(const Link& link, std::optional<std::uint16_t> code) {
        link->open = false;
        if (!link->carries) return;
        carry(link->to_client, [this, link, code] { session_.closed(link->number, code, now_); });
    }

    // What Discord does.

    Session* find(std::string_view id) {
        const auto found = std::ranges::find(sessions_, id, &Session::id);
        return found == sessions_.end() ? nullptr : &*found;
    }
    static std::string event(Sequence s, std::string_view name = "MESSAGE_CREATE",
                             std::string_view data = "{}") {
        return R"({"op":0,"t":")" + std::string(name) + R"(","s":)" + std::to_string(s) +
               R"(,"d":)" + std::string(data) + '}';
    }
    void hear(const Link& link, const std::string& payload) {
        if (!link->open) return;
        auto& received = link->received;
        received.push_back(now_);
        while (received.front() + 1min <= now_) received.pop_front();
        if (received.size() > 120) violate("more than 120 payloads in a minute");
        switch (static_cast<Opcode>(number_in(payload, "op").value_or(-1))) {
        case Opcode::heartbeat:
            if (scenario_.acknowledges) to_client(link, R"({"op":11})");
            return;
        case Opcode::identify: return is_mute() ? void() : begin_session(link);
        case Opcode::resume: return is_mute() ? void() : resume(link, payload);
        default: violate("a payload that the shard does not send: " + payload);
        }
    }
    void begin_session(const Link& link) {
        if (std::exchange(link->identified, true)) violate("two identifies in a connection");
        if (current_ != nullptr) current_->valid = false;
        sessions_.push_back({.id = "s" + std::to_string(sessions_.size()), .last = 1});
        current_ = &sessions_.back();
        link->attached = true;
        to_client(link, event(1, "READY",
                              R"({"session_id":")" + current_->id +
                                  R"(","resume_gateway_url":"wss://resume.example"})"));
    }
    void resume(const Link& link, const std::string& payload) {
        const std::size_t at = payload.find("\"session_id\":\"") + 14;
        Session* session = find(payload.substr(at, payload.find('"', at) - at));
        if (session == nullptr || !session->valid) {
            return to_client(link, R"({"op":9,"d":false})");
        }
        for (Sequence s = number_in(payload, "seq").value_or(0) + 1; s <= session->last; ++s) {
            const bool forgotten = scenario_.forgetful_replay && s % 5 == 0;
            if (!forgotten) to_client(link, event(s));
        }
        link->attached = true;
        to_client(link, event(++session->last, "RESUMED"));
    }
    bool is_mute() { return !calm_ && random_.chance(scenario_.mutes); }
    // Events of the world.
    void happen() {
        if (quiet_) return;
        if (current_ != nullptr && current_->valid) {
            const Sequence s = ++current_->last;
            if (link_ && link_->attached) {
                to_client(link_, event(s));
                if (random_.chance(scenario_.repeats)) to_client(link_, event(s));
            }
        }
        later(random_.magnitude(10ms, 10s), [this] { happen(); });
    }

    // Accidents.

    void meet_accidents() {
        if (calm_) return;
        later(1s, [this] { meet_accidents(); });
        if (random_.chance(scenario_.outages)) {
            network_ = false;
            if (link_) link_->carries = false;
            later(random_.between(100ms, 1min), [this] { network_ = true; });
        }
        if (!link_ || !link_->open) return;
        if (random_.chance(scenario_.silences)) link_->carries = false;
        if (random_.chance(scenario_.cuts)) return cut(link_, std::nullopt);
        if (random_.chance(scenario_.closings)) return close_with_a_code();
        if (random_.chance(scenario_.reconnects)) to_client(link_, R"({"op":7,"d":null})");
        if (random_.chance(scenario_.invalid)) invalidate();
        if (random_.chance(scenario_.requests)) {
            for (std::size_t count = random_.below(200); count > 0; --count) {
                to_client(link_, R"({"op":1,"d":null})");
            }
        }
    }
    void close_with_a_code() {
        constexpr std::array<std::uint16_t, 9> codes{1000, 1001, 4000, 4001, 4002,
                                                     4003, 4007, 4008, 4009};
        const std::uint16_t code = random_.pick(codes);
        const bool ends = code == 1000 || code == 4003 || code >= 4007;
        // What the client does not hear leaves its session as it is.
        if (ends && current_ != nullptr && link_->carries) current_->valid = false;
        cut(link_, code);
    }
    void invalidate() {
        const bool may_resume = random_.chance(0.5);
        if (!may_resume && current_ != nullptr) current_->valid = false;
        to_client(link_, may_resume ? R"({"op":9,"d":true})" : R"({"op":9,"d":false})");
    }

    // From here on nothing happens but what the shard does.
    void recover() {
        calm_ = true;
        network_ = true;
        const TimePoint back = now_;
        run_for(delay_max);  // accidents that are on their way arrive
        const std::uint64_t identifies = session_.figures().identifies;
        while (session_.state() != ShardSession::State::live || !is_carried()) {
            if (now_ > back + recovery_max) {
                return violate(
                    std::string("not live within 30 s, but ").append(to_string(session_.state())));
            }
            run_for(100ms);
            if (!violation_.empty()) return;
        }
        if (session_.figures().identifies > identifies + 1) {
            violate("more than one identify after the network was back");
        }
        quiet_ = true;
        run_for(recovery_max);  // from the last of those accidents, too
        const std::uint64_t connects = session_.figures().connects;
        run_for(60s);
        if (scenario_.acknowledges && session_.figures().connects > connects) {
            violate("a connection that only has nothing to say was given up");
        }
        if (violation_.empty() && session_.last_sequence() != current_->last) {
            violate("an event was never passed on");
        }
    }
    // A link that is dead without an end has yet to be noticed.
    [[nodiscard]] bool is_carried() const { return link_ && link_->open && link_->carries; }

    // The effects, and what is checked about them.

    void ask_entrance() override {
        const bool reached = network_ && !random_.chance(calm_ ? 0 : scenario_.cuts);
        if (!reached && random_.chance(0.5)) return;  // no answer at all
        later(reached ? delay() : random_.between(1ms, 9s), [this, reached] {
            if (!reached) {
                return session_.entrance_answered(fail(Errc::unavailable, "", "no network"), now_);
            }
            session_.entrance_answered(
                Entrance{.url = "wss://gateway.example",
                         .starts = {.total = 1000, .remaining = 1000 - identifies_}},
                now_);
        });
    }
    void connect(ShardSession::Connection connection, const std::string&) override {
        link_ = std::make_shared<Connection>();
        link_->number = connection;
        if (scenario_.compressed) link_->compressor = std::make_unique<tests::ZlibSender>();
        const bool fails = !network_ || random_.chance(calm_ ? 0 : scenario_.cuts);
        if (fails) {
            link_->open = false;
            link_->carries = random_.chance(0.5);  // refused, or nothing at all
            return later(delay(), [this, link = link_] {
                if (link->carries) session_.closed(link->number, std::nullopt, now_);
            });
        }
        carry(link_->to_client, [this, link = link_] {
            if (!link->carries || !link->open) return;
            session_.connected(link->number, now_);
            if (!is_mute()) to_client(link, R"({"op":10,"d":{"heartbeat_interval":41250}})");
        });
    }
    void send(std::string_view payload) override {
        const auto op = number_in(payload, "op");
        if (op == 1 && number_in(payload, "d") != passed_on_) {
            violate("a heartbeat with another number than the last event's");
        }
        if (op == 2) {
            if (identifies_ > 0 && now_ < identified_at_ + 5s) {
                violate("two identifies within five seconds");
            }
            ++identifies_;
            identified_at_ = now_;
        }
        if (!link_->carries || !network_) return;
        carry(link_->to_server, [this, link = link_, text = std::string(payload)] {
            if (link->carries) hear(link, text);
        });
    }
    void ping() override {
        if (!link_->carries || !link_->open || !network_) return;
        later(2 * delay(), [this, link = link_] {
            if (link->carries) session_.heard(link->number, now_);
        });
    }
    void close(std::uint16_t code) override {
        const Link link = std::exchange(link_, nullptr);
        if (!link) return;
        const bool told = link->carries && link->open;
        link->open = false;  // what is on its way arrives, and must not count
        if (told && code == 1000 && link->attached && current_ != nullptr) current_->valid = false;
    }
    void dispatch(const ShardSession::Dispatch& event) override {
        if (speaker_ != link_) violate("an event of an old connection");
        const auto s = number_in(event.frame, "s");
        if (event.name == "READY") {
            const bool was_ended = shards_ == nullptr || !shards_->valid;
            const bool counted = session_.figures().given_up > given_up_;
            if (!was_ended && !counted) violate("a session was left that Discord keeps");
            given_up_ = session_.figures().given_up;
            shards_ = current_;
        } else if (s != passed_on_.value_or(0) + 1) {
            violate("event " + std::to_string(s.value_or(-1)) + " follows event " +
                    std::to_string(passed_on_.value_or(-1)));
        }
        passed_on_ = s;
    }
    void entered(ShardSession::State state) override {
        // A session that is over takes its number along.
        if (state == ShardSession::State::identifying) passed_on_.reset();
    }
    void lost(std::string_view) override {}
    void ended(const Error& error) override { violate(error.message()); }
    void wake_at(TimePoint when) override { wake_ = when; }

    const ShardScenario& scenario_;
    Random random_;
    TimePoint now_{1000s};
    TimePoint wake_ = TimePoint::max();
    std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> due_;
    std::uint64_t events_ = 0;
    std::string violation_;
    bool network_ = true;
    bool calm_ = false;   // no more accidents
    bool quiet_ = false;  // no more events

    std::deque<Session> sessions_;
    Session* current_ = nullptr;  // Discord's newest
    Session* shards_ = nullptr;   // the one that the shard is in
    Link link_;
    Link speaker_;  // whose message arrives
    std::int64_t identifies_ = 0;
    TimePoint identified_at_{};
    std::optional<Sequence> passed_on_;
    std::uint64_t given_up_ = 0;

    InProcessIdentifyBudget budget_{{.at_once = 500}};
    ShardSession session_{
        {.who = {.token = services::process::Secret("token"),
                 .intents = 1,
                 .shard_id = 0,
                 .shard_count = 1},
         .compression = scenario_.compressed ? Compression::zlib_stream : Compression::none,
         .random = [this] { return random_.number(); }},
        budget_,
        *this};
};

}  // namespace

std::span<const ShardScenario> shard_scenarios() { return scenarios; }

ShardOutcome simulate_shard(const ShardScenario& scenario, std::uint64_t seed) {
    return ShardStorm(scenario, seed).run();
}

}  // namespace tutti::simulation
