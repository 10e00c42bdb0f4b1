#include "soak/strikes.hpp"

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "soak/fleet.hpp"
#include "soak/plan.hpp"
#include "soak/story.hpp"
#include "soak/users.hpp"
#include "support/tcp_proxy.hpp"
#include "tutti/clock.hpp"

namespace tests::soak {

namespace {

using namespace std::chrono_literals;
using tutti::Boottime;
using Member = PlayedFleet::Member;

constexpr auto sessions_within = 60s;

class Striker {
public:
    Striker(PlayedFleet& fleet, const Strike& strike, const Surroundings& around)
        : fleet_(fleet), strike_(strike), around_(around) {}

    void run() {
        switch (strike_.victim) {
        case Victim::bot: return at(*fleet_.bots.at(strike_.which));
        case Victim::gateway: return at(*fleet_.gateways.at(strike_.which));
        case Victim::worker: return at(*fleet_.workers.at(strike_.which));
        case Victim::redis: return at_redis();
        case Victim::postgres: return at_postgres();
        case Victim::discord: return at_discord();
        case Victim::provider: return at_provider();
        case Victim::redis_link: return cut(fleet_.redis_link);
        case Victim::postgres_link: return cut(fleet_.postgres_link);
        case Victim::gateway_link: return at_gateway_link();
        }
    }

private:
    void lasts() { around_.pause(strike_.lasts); }

    void at(Member& member) {
        if (!member.service.runs()) {
            around_.troubles.push_back(member.name + " had ended by itself");
            return member.start();
        }
        member.is_away = true;
        if (strike_.blow == Blow::stop) {
            member.service.signal(SIGSTOP);
            lasts();
            member.service.signal(SIGCONT);
            member.is_away = false;
            return;
        }
        if (strike_.blow == Blow::kill) {
            member.service.kill();
        } else if (const int code = member.service.end(); code != 0) {
            around_.troubles.push_back(member.name + " ended with " + std::to_string(code) +
                                       " at a SIGTERM");
        }
        lasts();
        member.start();
    }

    void at_redis() {
        switch (strike_.blow) {
        case Blow::stop:
            fleet_.redis.pause();
            lasts();
            return fleet_.redis.resume();
        case Blow::disconnect:
            fleet_.redis.command({"CLIENT", "KILL", "TYPE", "pubsub"});
            fleet_.redis.command({"CLIENT", "KILL", "TYPE", "normal"});
            return;
        case Blow::empty:
        case Blow::start_empty: return empty_redis();
        case Blow::kill: fleet_.redis.kill(); break;
        default: fleet_.redis.shut_down(); break;
        }
        lasts();
        fleet_.redis.start();
    }

    void empty_redis() {
        const std::unique_lock lock(around_.hush);
        around_.before_emptying();
        Emptying emptying{.began = now_ms()};
        if (strike_.blow == Blow::empty) {
            fleet_.redis.command({"FLUSHALL"});
        } else {
            fleet_.redis.kill();
            std::filesystem::remove_all(fleet_.redis.folder() / "appendonlydir");
            lasts();
            fleet_.redis.start();
        }
        await_sessions();
        emptying.ended = now_ms();
        around_.emptyings.push_back(emptying);
    }

    void at_postgres() {
        if (strike_.blow == Blow::disconnect) {
            fleet_.postgres.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                "pg_backend_pid() AND datname = current_database()");
            return;
        }
        fleet_.postgres.kill();
        lasts();
        fleet_.postgres.start();
    }

    // It is the one that knows what was said, so it is never killed: bots see no difference when
    // what stands before it ends their connections.
    void at_discord() {
        if (strike_.blow == Blow::stop) return at(*fleet_.discord_stand_in);
        if (strike_.blow == Blow::vanish) return vanish();
        const std::string fault = strike_.blow == Blow::refuse
                                      ? R"({"does":"status","status":503,"times":5})"
                                      : R"({"does":"drop","afterEffect":true,"times":3})";
        fleet_.discord().control("POST", "/faults", fault);
        lasts();
        fleet_.discord().control("DELETE", "/faults");
    }

    void vanish() {
        for (TcpProxy* const link : {&*fleet_.discord_link, &*fleet_.discord_gateway_link}) {
            link->refuse();
        }
        lasts();
        for (TcpProxy* const link : {&*fleet_.discord_link, &*fleet_.discord_gateway_link}) {
            link->heal();
        }
    }

    void at_provider() {
        if (strike_.blow == Blow::kill || strike_.blow == Blow::stop) return at(*fleet_.provider);
        behave(strike_.blow == Blow::refuse
                   ? R"({"chat":{"answer":"rate_limit"},"vision":{"answer":"rate_limit"}})"
                   : R"({"chat":{"answer":"cut"}})");
        lasts();
        behave("{}");
    }
    void behave(const std::string& how) {
        const auto answer = fleet_.send(fleet_.provider->service.url(), "PUT", "/behaviour", how);
        if (!answer.ok()) throw std::runtime_error("the models do not obey: " + answer.body);
    }

    void cut(TcpProxy& link) {
        link.cut();
        lasts();
        link.heal();
    }

    void at_gateway_link() {
        switch (strike_.blow) {
        case Blow::ask_reconnect: return force(R"({"does":"reconnect"})");
        case Blow::drop: return force(R"({"does":"drop"})");
        case Blow::close: return force(R"({"does":"close","code":4000})");
        case Blow::forget_sessions: return forget_sessions();
        default:
            fleet_.discord().control("POST", "/mischief",
                                     R"({"does":"duplicate","event":"MESSAGE_CREATE","times":5})");
        }
    }
    void force(const std::string& how) { fleet_.discord().control("POST", "/gateway", how); }
    void forget_sessions() {
        const std::unique_lock lock(around_.hush);
        force(R"({"does":"invalidSession","resumable":false})");
        await_sessions();
    }
    void await_sessions() {
        const auto end = Boottime::now() + sessions_within;
        around_.pause(500ms);
        while (fleet_.not_ready() && Boottime::now() < end) around_.pause(100ms);
    }

    PlayedFleet& fleet_;
    const Strike& strike_;
    const Surroundings& around_;
};

}  // namespace

void strike(PlayedFleet& fleet, const Strike& strike, const Surroundings& around) {
    Striker(fleet, strike, around).run();
}

}  // namespace tests::soak
