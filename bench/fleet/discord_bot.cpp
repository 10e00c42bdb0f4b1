// A bot at Discord: bot-client, and one of an unmodified discord.js with the caches of the
// TypeScript deployment (peers/discord_bot.mjs; needs `npm ci` in peers/), as processes, in turns,
// each with a redis-server, a stand-in of Discord and a gateway of its own. The gateway is played
// (played_gateway.hpp): a real one and its workers would take more of two cores than the bot.
//
//   start        from its exec until it is READY with all servers; SHARD_ID says which shard it
//                runs. Then one that leases it
//   memory       resident, by idle server (two channels) and by user who has been seen once
//   load         every message is answered: ever more of them a second, until the bot's own time
//                has a p99 above 50 ms, or replies are missing. Its own time is from the message
//                until the gateway is asked, and from the reply in Redis until Discord has it; a
//                millisecond is the clock's step. Once Discord answers at once, once as from afar
//
// bench_discord_bot [start] [memory] [load]; nothing: all of them.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "bench/fleet/played_gateway.hpp"
#include "bench/statistics.hpp"
#include "discord-stand-in/stand_in.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "tutti/json.hpp"

namespace {

using namespace std::chrono_literals;
using namespace tutti;
using bench::PlayedGateway;
using services::discord::DiscordStandIn;
using Clock = std::chrono::steady_clock;

constexpr int start_rounds = 5;
constexpr std::size_t servers = 2'000;
constexpr std::size_t users = 20'000;
constexpr std::size_t users_a_second = 1'000;
constexpr std::size_t channels = 50;
constexpr auto gateway_takes = 5ms;
constexpr auto discord_takes = 100ms;
constexpr auto step_lasts = 5s;
constexpr std::size_t rate_min = 20;  // messages a second
constexpr std::size_t rate_max = 5'000;
constexpr double own_ms_max = 50;
constexpr auto patience = 60s;

enum class Kind { tutti, discord_js };
const char* name_of(Kind kind) { return kind == Kind::tutti ? "tutti" : "discord.js"; }

bool has_peer() { return std::filesystem::exists(TUTTI_PEERS "/node_modules/discord.js"); }

std::vector<Kind> kinds() {
    if (has_peer()) return {Kind::tutti, Kind::discord_js};
    return {Kind::tutti};
}

void await(const char* what, const std::function<bool()>& holds) {
    const auto until = Clock::now() + patience;
    while (!holds()) {
        if (Clock::now() > until) throw std::runtime_error(std::string("waited for ") + what);
        std::this_thread::sleep_for(1ms);
    }
}

struct GatewayFigures {
    std::size_t ready = 0;
    std::size_t dispatched = 0;
};
struct Figures {
    GatewayFigures gateway;
};
struct MadeThing {
    std::string id;
};
struct Said {
    std::string id;
    std::string content;
    std::int64_t made_ms = 0;
};
BOOST_DESCRIBE_STRUCT(GatewayFigures, (), (ready, dispatched))
BOOST_DESCRIBE_STRUCT(Figures, (), (gateway))
BOOST_DESCRIBE_STRUCT(MadeThing, (), (id))
BOOST_DESCRIBE_STRUCT(Said, (), (id, content, made_ms))

// A Discord, a gateway, and the bot that lives there.
class Stage {
public:
    Stage(Kind kind, std::size_t guilds, bool leases = false)
        : kind_(kind),
          leases_(leases),
          gateway_(redis_.url(), gateway_takes),
          discord_(DiscordStandIn::start({.guilds = guilds,
                                          .max_concurrency = 16,
                                          .identify_every = 50ms,
                                          .limits = false})
                       .value()),
          guilds_(guilds) {
        start_ = begin();
    }

    // The bot is stopped as an operator does, and begins again. Milliseconds.
    double restart() {
        bot_->signal(SIGTERM);
        bot_->wait(patience);
        await("the end of its session", [&] { return gateway_figures().ready == 0; });
        return begin();
    }
    [[nodiscard]] double start_ms() const { return start_; }
    [[nodiscard]] PlayedGateway& gateway() { return gateway_; }

    std::string control(const char* method, const std::string& path, const std::string& body = "") {
        auto answer = discord_->control(method, path, body);
        if (!answer.ok()) throw std::runtime_error(path + ": " + answer.body);
        return std::move(answer.body);
    }
    std::string make(const std::string& path, const std::string& body) {
        return json::read<MadeThing>(control("POST", path, body)).value().id;
    }
    void say(const std::string& channel, const std::string& text, const std::string& user = "") {
        const std::string by = user.empty() ? "" : R"(,"userId":")" + user + '"';
        control("POST", "/messages",
                R"({"channelId":")" + channel + R"(","content":")" + text + '"' + by + '}');
    }
    std::vector<Said> said(const std::string& channel, const std::string& after) {
        return json::read<std::vector<Said>>(
                   control("GET", "/messages?channelId=" + channel + "&after=" + after),
                   {.bytes_max = 64U << 20U, .values_max = 1U << 22U})
            .value();
    }

    // Resident, when it has nothing to do; garbage is gone.
    double resident_bytes() {
        std::this_thread::sleep_for(2s);
        if (kind_ == Kind::discord_js) heap_ = collect();
        std::ifstream sizes("/proc/" + std::to_string(bot_->pid()) + "/statm");
        double pages = 0;
        sizes >> pages >> pages;
        return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
    }
    // As of the last `resident_bytes`: in use, of a heap that is collected.
    [[nodiscard]] std::optional<double> heap_bytes() const { return heap_; }
    // Seconds of the processor.
    [[nodiscard]] double worked() const {
        std::ifstream stat("/proc/" + std::to_string(bot_->pid()) + "/stat");
        std::string word;
        for (int i = 0; i < 13; ++i) stat >> word;
        double user = 0;
        double system = 0;
        stat >> user >> system;
        return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }

private:
    [[nodiscard]] GatewayFigures gateway_figures() {
        return json::read<Figures>(control("GET", "/figures")).value().gateway;
    }
    // READY, and a GUILD_CREATE for each server.
    double begin() {
        const auto begun = Clock::now();
        bot_ = kind_ == Kind::tutti ? start_tutti() : start_peer();
        await("the bot", [&] {
            const auto figures = gateway_figures();
            return figures.ready > 0 && figures.dispatched > guilds_;
        });
        return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
    }
    std::unique_ptr<tests::Program> start_tutti() {
        tests::Variables variables{{"INTERNAL_SERVICE_SECRET", PlayedGateway::secret},
                                   {"BOT_CLIENT_PORT", std::to_string(tests::free_port())},
                                   {"GATEWAY_URL", gateway_.url()},
                                   {"REDIS_URL", redis_.url()},
                                   {"DISCORD_API_URL", discord_->api_url()},
                                   {"DISCORD_TOKEN", discord_->token().reveal()}};
        if (!leases_) variables.insert({{"SHARD_ID", "0"}, {"SHARD_COUNT", "1"}});
        return std::make_unique<tests::Program>(BOT_CLIENT_PROGRAM, std::vector<std::string>{},
                                                variables);
    }
    std::unique_ptr<tests::Program> start_peer() {
        const std::string api = discord_->api_url();
        const std::string script = TUTTI_PEERS "/discord_bot.mjs";
        return std::make_unique<tests::Program>(
            "/usr/bin/env",
            std::vector<std::string>{"node", "--expose-gc", script, api.substr(0, api.rfind('/')),
                                     discord_->token().reveal(), gateway_.url(),
                                     PlayedGateway::secret, redis_.url()},
            tests::Variables{});
    }
    double collect() {
        const std::size_t before = bot_->out().size();
        bot_->signal(SIGUSR2);
        std::string line;
        await("the heap", [&] { return (line = bot_->out().substr(before)).ends_with('\n'); });
        return std::stod(line.substr(line.find(' ')));
    }

    const Kind kind_;
    const bool leases_;  // of shards: ours alone can
    tests::RedisServer redis_;
    PlayedGateway gateway_;
    std::unique_ptr<DiscordStandIn> discord_;
    const std::size_t guilds_;
    std::unique_ptr<tests::Program> bot_;
    double start_ = 0;
    std::optional<double> heap_;
};

// Calls with 0, 1, ... so many times a second.
void at_rate(std::size_t count, std::size_t a_second,
             const std::function<void(std::size_t)>& call) {
    const auto begun = Clock::now();
    for (std::size_t n = 0; n < count; ++n) {
        std::this_thread::sleep_until(begun + n * 1'000'000'000ns / a_second);
        call(n);
    }
}

void print_pair(const char* what, const std::vector<double>& ours,
                const std::vector<double>& theirs) {
    const double a = bench::percentile(ours, 0.5);
    std::printf("  %-28s %10.0f (%.0f to %.0f)", what, a, std::ranges::min(ours),
                std::ranges::max(ours));
    if (!theirs.empty()) {
        const double b = bench::percentile(theirs, 0.5);
        std::printf(" %10.0f (%.0f to %.0f)   tutti / discord.js %.2f", b, std::ranges::min(theirs),
                    std::ranges::max(theirs), a / b);
    }
    std::printf("\n");
    std::fflush(stdout);
}

void measure_starts() {
    std::printf("start, medians of %d rounds in turns (from least to most)\n", start_rounds);
    for (const std::size_t guilds : {std::size_t{1}, servers}) {
        std::map<Kind, std::vector<double>> took;
        for (int round = 0; round < start_rounds; ++round) {
            for (const Kind kind : kinds()) {
                took[kind].push_back(Stage(kind, guilds).start_ms());
            }
        }
        print_pair(("ready, " + std::to_string(guilds) + " servers, ms").c_str(), took[Kind::tutti],
                   took[Kind::discord_js]);
    }
    Stage leased(Kind::tutti, 1, true);
    print_pair("leased, on an empty Redis, ms", {leased.start_ms()}, {});
    std::vector<double> again;
    again.reserve(start_rounds);
    for (int round = 0; round < start_rounds; ++round) again.push_back(leased.restart());
    print_pair("leased, after a stop, ms", again, {});
}

struct Memory {
    std::vector<double> resident{};
    std::vector<double> heap{};

    void note(Stage& stage) {
        resident.push_back(stage.resident_bytes());
        if (const auto used = stage.heap_bytes()) heap.push_back(*used);
    }
};

// Of one server, of many, and of those when many users have been seen.
Memory memory_of(Kind kind) {
    Memory memory;
    {
        Stage stage(kind, 1);
        memory.note(stage);
    }
    Stage stage(kind, servers);
    memory.note(stage);
    const std::string channel = stage.make("/channels", R"({"name":"silent"})");
    stage.gateway().silence(channel);
    std::vector<std::string> all;
    all.reserve(users);
    for (std::size_t n = 0; n < users; ++n) {
        all.push_back(stage.make("/users", R"({"username":"user-)" + std::to_string(n) + "\"}"));
    }
    at_rate(users, users_a_second,
            [&](std::size_t n) { stage.say(channel, "hello " + std::to_string(n), all[n]); });
    memory.note(stage);
    return memory;
}

void print_memory(const char* who, const std::vector<double>& bytes) {
    std::printf("  %-28s %10.1f MiB   %8.0f B a server   %8.0f B a user\n", who,
                bytes[0] / 1048576.0, (bytes[1] - bytes[0]) / static_cast<double>(servers - 1),
                (bytes[2] - bytes[1]) / static_cast<double>(users));
    std::fflush(stdout);
}

void measure_memory() {
    std::printf("memory: with one server; by each of %zu more; by each of %zu users who spoke\n",
                servers - 1, users);
    for (const Kind kind : kinds()) {
        const Memory memory = memory_of(kind);
        print_memory((std::string(name_of(kind)) + ", resident").c_str(), memory.resident);
        if (!memory.heap.empty()) print_memory("discord.js, heap in use", memory.heap);
    }
}

struct Step {
    std::vector<double> own{};  // ms
    std::vector<double> in{};
    std::vector<double> out{};
    std::size_t missing = 0;
    double worked = 0;  // us a message

    [[nodiscard]] bool holds() const {
        return missing == 0 && bench::percentile(own, 0.99) <= own_ms_max;
    }
};

class Load {
public:
    Load(Kind kind, std::chrono::milliseconds discord) : kind_(kind), stage_(kind, 1) {
        for (std::size_t i = 0; i < channels; ++i) {
            const std::string body = R"({"name":"channel-)" + std::to_string(i) + "\"}";
            channels_.push_back(stage_.make("/channels", body));
        }
        // Every cache has it.
        (void)run(20, 2 * channels);
        if (discord > 0ms) be_far(discord);
    }

    // Tries so many a second, unless fewer were too many.
    void try_rate(std::size_t rate) {
        if (!bears_) return;
        const Step step = run(rate, rate * static_cast<std::size_t>(step_lasts.count()));
        print(rate, step);
        bears_ = step.holds();
        if (bears_) borne_ = rate;
    }
    [[nodiscard]] bool bears() const { return bears_; }
    // Messages a second.
    [[nodiscard]] std::size_t borne() const { return borne_; }

private:
    void be_far(std::chrono::milliseconds discord) {
        for (const char* route :
             {"POST /webhooks/:webhook/:token", "POST /channels/:channel/typing"}) {
            stage_.control("POST", "/faults",
                           R"({"does":"slow","afterEffect":true,"times":1000000,"delayMs":)" +
                               std::to_string(discord.count()) + R"(,"route":")" + route + "\"}");
        }
    }

    Step run(std::size_t rate, std::size_t count) {
        (void)stage_.gateway().take_seen();
        std::vector<PlayedGateway::Time> said(count);
        const double before = stage_.worked();
        at_rate(count, rate, [&](std::size_t n) {
            said[n] = std::chrono::system_clock::now();
            stage_.say(channels_[n % channels], "m " + std::to_string(n));
        });
        const auto until = Clock::now() + 3s;
        while (stage_.gateway().confirmed() < count && Clock::now() < until) {
            std::this_thread::sleep_for(5ms);
        }
        Step step;
        step.worked = (stage_.worked() - before) * 1e6 / static_cast<double>(count);
        evaluate(said, step);
        return step;
    }

    void evaluate(const std::vector<PlayedGateway::Time>& said, Step& step) {
        const auto ms = [](auto duration) {
            return std::max(std::chrono::duration<double, std::milli>(duration).count(), 0.0);
        };
        const auto seen = stage_.gateway().take_seen();
        for (const std::string& channel : channels_) {
            std::string& last = last_[channel];
            for (const Said& reply : stage_.said(channel, last.empty() ? "0" : last)) {
                last = reply.id;
                if (!reply.content.starts_with("r ")) continue;
                const std::size_t n = std::stoul(reply.content.substr(2));
                const auto at = seen.find(n);
                if (at == seen.end() || n >= said.size()) continue;
                const PlayedGateway::Time made{std::chrono::milliseconds(reply.made_ms)};
                step.in.push_back(ms(at->second.asked - said[n]));
                step.out.push_back(ms(made - at->second.left));
                step.own.push_back(step.in.back() + step.out.back());
            }
        }
        step.missing = said.size() - std::min(said.size(), step.own.size());
        if (step.own.empty()) step.own = step.in = step.out = {0};
    }

    void print(std::size_t rate, const Step& step) const {
        const auto of = [](const std::vector<double>& all, double fraction) {
            return bench::percentile(all, fraction);
        };
        std::printf(
            "  %-10s %5zu/s  own p50 %6.1f p99 %7.1f ms   in %6.1f %7.1f   out %6.1f %7.1f   "
            "%6.0f us of the processor each   missing %zu\n",
            name_of(kind_), rate, of(step.own, 0.5), of(step.own, 0.99), of(step.in, 0.5),
            of(step.in, 0.99), of(step.out, 0.5), of(step.out, 0.99), step.worked, step.missing);
        std::fflush(stdout);
    }

    const Kind kind_;
    Stage stage_;
    std::vector<std::string> channels_;
    std::map<std::string, std::string> last_;  // message read, by channel
    bool bears_ = true;
    std::size_t borne_ = 0;
};

void measure_load() {
    for (const auto takes : {0ms, std::chrono::milliseconds(discord_takes)}) {
        std::printf("load, Discord takes %lld ms, the gateway %lld ms\n",
                    static_cast<long long>(takes.count()),
                    static_cast<long long>(std::chrono::milliseconds(gateway_takes).count()));
        std::map<Kind, std::unique_ptr<Load>> loads;
        for (const Kind kind : kinds()) loads.emplace(kind, std::make_unique<Load>(kind, takes));
        const auto any_bears = [&] {
            return std::ranges::any_of(loads, [](const auto& one) { return one.second->bears(); });
        };
        for (std::size_t rate = rate_min; rate <= rate_max && any_bears(); rate += rate / 2) {
            for (const auto& [kind, load] : loads) load->try_rate(rate);
        }
        for (const auto& [kind, load] : loads) {
            std::printf("  %s bears %zu messages a second\n", name_of(kind), load->borne());
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> wanted(argv + 1, argv + argc);
    const auto wants = [&](const char* what) {
        return wanted.empty() || std::ranges::find(wanted, what) != wanted.end();
    };
    if (!has_peer()) std::printf("discord.js is left out: run `npm ci` in bench/peers first\n");
    if (wants("start")) measure_starts();
    if (wants("memory")) measure_memory();
    if (wants("load")) measure_load();
    return 0;
}
