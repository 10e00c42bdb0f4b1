// Tutti as a contender of compare.mjs: the line protocol of worker.mjs over one cache, its readers
// and its loader asynchronous as those of the others are.
//
//   bench_contender URL TTL_MS coherent|shared
//
// coherent: memory, Redis and the bus. shared: Redis only.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tutti/node.hpp"

namespace {

using namespace std::chrono_literals;
using Value = tutti::Result<tutti::Lookup<std::string>>;
using Loaded = tutti::Completion<tutti::Loaded<std::string>>;

// Lines are written whole, from any thread.
void say(const std::string& line) {
    static std::mutex mutex;
    const std::scoped_lock lock(mutex);
    std::fputs((line + '\n').c_str(), stdout);
    std::fflush(stdout);
}

std::string one_word(std::string text) {
    for (char& c : text) {
        if (c == ' ' || c == '\n') c = '_';
    }
    return text;
}

// The loads that wait for the driver.
class Loads {
public:
    void begin(const std::string& key, Loaded done) {
        std::unique_lock lock(mutex_);
        const auto id = std::to_string(++count_);
        running_.emplace(id, std::move(done));
        lock.unlock();
        say("load " + id + ' ' + key);
    }
    void finish(const std::string& id, std::string value) {
        std::unique_lock lock(mutex_);
        auto load = running_.extract(id);
        lock.unlock();
        if (!load.empty()) load.mapped()(tutti::Loaded<std::string>(std::move(value)));
    }

private:
    std::mutex mutex_;
    std::size_t count_ = 0;
    std::map<std::string, Loaded> running_;
};

// The answers to many readers of one key; the last one reports.
class Burst {
public:
    Burst(std::string id, int readers) : id_(std::move(id)), left_(readers) {}

    void take(const Value& found) {
        const std::scoped_lock lock(mutex_);
        if (found && found->found()) {
            values_.insert(**found);
        } else {
            ++failed_;
        }
        if (--left_ > 0) return;
        std::string line = "bursted " + id_ + ' ' + std::to_string(failed_);
        for (const std::string& value : values_) line += ' ' + value;
        say(line);
    }

private:
    std::mutex mutex_;
    std::string id_;
    int left_;
    int failed_ = 0;
    std::set<std::string> values_;
};

void report(const std::string& id, const Value& found) {
    if (!found) return say("failed " + id + ' ' + one_word(found.error().message()));
    say(found->found() ? "got " + id + ' ' + **found : "failed " + id + " absent");
}

void report(const std::string& id, const tutti::Invalidation& sent) {
    say(sent.published() ? "invalidated " + id : "failed " + id + ' ' + one_word(sent.reason));
}

template <class Cache>
void obey(const Cache& cache, Loads& loads, const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    std::string id;
    std::string what;
    int readers = 0;
    words >> verb >> id >> what >> readers;
    if (verb == "value") return loads.finish(id, what);
    if (verb == "get") return cache.get(what, [id](const Value& found) { report(id, found); });
    if (verb == "invalidate") {
        return cache.invalidate(what, [id](const tutti::Invalidation& sent) { report(id, sent); });
    }
    if (verb != "burst") throw std::runtime_error("unknown command: " + line);
    const auto burst = std::make_shared<Burst>(id, readers);
    for (int n = 0; n < readers; ++n) {
        cache.get(what, [burst](const Value& found) { burst->take(found); });
    }
}

template <class Cache>
void serve(tutti::Node& node, const Cache& cache, Loads& loads) {
    const auto started = node.start();
    if (!started) throw std::runtime_error(started.error().message());
    say("ready");
    for (std::string line; std::getline(std::cin, line);) obey(cache, loads, line);
}

std::chrono::milliseconds milliseconds(std::string_view text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::chrono::milliseconds{value};
}

void run(const std::string& url, std::chrono::milliseconds ttl, bool coherent) {
    const auto loads = std::make_shared<Loads>();
    const auto node = tutti::Node::create(
        {.name = "contender-" + std::to_string(::getpid()), .redis = url, .app = "peers"});
    if (!node) throw std::runtime_error(node.error().message());
    tutti::CacheOptions<std::string, std::string> options{
        .name = "values",
        .caches = "what the driver holds",
        .stale = coherent ? tutti::Stale::wrong : tutti::Stale::acceptable,
        .load = [loads](const std::string& key, const tutti::LoadContext&,
                        Loaded done) { loads->begin(key, std::move(done)); },
        .store = tutti::StoreTier<std::string>{.ttl = ttl, .codec = tutti::bytes_codec()},
    };
    if (!coherent) return serve(**node, (*node)->shared(std::move(options)), *loads);
    options.ttl = ttl;
    options.bound = tutti::entries(1000);
    options.channel = "cache:values";
    serve(**node, (*node)->coherent(std::move(options)), *loads);
}

}  // namespace

int main(int count, char** words) {
    try {
        const std::string pattern = count == 4 ? words[3] : "";
        if (pattern != "coherent" && pattern != "shared") {
            throw std::runtime_error("usage: bench_contender URL TTL_MS coherent|shared");
        }
        run(words[1], milliseconds(words[2]), pattern == "coherent");
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
