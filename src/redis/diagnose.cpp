// One connection asks what no node would hear the answer to: the server may be one that a node
// refuses. Then, as a node does: open, and try every permission.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/name_rule.hpp"
#include "base/option_problems.hpp"
#include "base/system_random.hpp"
#include "base/text.hpp"
#include "base/usage.hpp"
#include "redis/acl.hpp"
#include "redis/blocking.hpp"
#include "redis/command.hpp"
#include "redis/doctor.hpp"
#include "redis/handshake.hpp"
#include "redis/link.hpp"
#include "redis/open.hpp"
#include "redis/sentinels.hpp"
#include "redis/socket_link.hpp"
#include "redis/tls.hpp"
#include "runtime/runtime.hpp"
#include "tutti/clock.hpp"
#include "tutti/doctor.hpp"
#include "tutti/error.hpp"
#include "tutti/redis_url.hpp"
#include "tutti/store.hpp"

namespace tutti {
namespace redis {
namespace {

constexpr const char* diagnose_operation = "redis doctor";
constexpr const char* own_channel = "cache:tutti-doctor";
constexpr std::size_t word_bytes_max = 128;
constexpr std::size_t reply_bytes_max = 1UL << 20U;

struct Answers {
    Reply info;
    ServerSettings settings;
};

// Everything on the event loop's thread. Lives until its completion, which is called once.
class DiagnosisProbe final : public std::enable_shared_from_this<DiagnosisProbe>,
                             private Link::Owner {
public:
    DiagnosisProbe(Runtime& runtime, const Url& url, std::shared_ptr<const TlsContext> tls,
                   Completion<Answers> done)
        : runtime_(runtime),
          url_(url),
          handshake_(url, "tutti-doctor"),
          link_(network_of(runtime).make_link(
              {.url = url,
               .tls = std::move(tls),
               .limits = ReplyLimits{.text_bytes_max = reply_bytes_max}},
              static_cast<Link::Owner&>(*this))),
          done_(std::move(done)) {}

    void start(TimePoint deadline, Duration timeout) {
        self_ = shared_from_this();
        timer_ = runtime_.executor().run_at(deadline, [self = self_, timeout] {
            if (self->done_) self->finish(fail(self->link_->timed_out(timeout)));
        });
        link_->connect();
    }

private:
    void on_connected() override {
        link_->write(handshake_.request());
        link_->write(encode({"CONFIG", "GET", "client-output-buffer-limit"}));
        link_->write(encode({"CONFIG", "GET", "save"}));
        link_->write(encode({"CONFIG", "GET", "min-replicas-to-write"}));
    }
    void on_reply(Reply reply) override {
        replies_.push_back(std::move(reply));
        if (replies_.size() == handshake_.replies() + 3) finish(answers());
    }
    void on_closed(const Error& error) override { finish(fail(error)); }

    Result<Answers> answers() {
        if (auto good = handshake_.judge_login(replies_); !good) return fail(good.error());
        const std::size_t at = handshake_.replies();
        return Answers{.info = std::move(replies_[at - 1]),
                       .settings = {.output_buffers = setting(replies_[at]),
                                    .save = setting(replies_[at + 1]),
                                    .min_replicas = setting(replies_[at + 2])}};
    }
    static std::optional<std::string> setting(const Reply& reply) {
        if (!reply.is(Reply::Type::array) || reply.items.size() != 2) return std::nullopt;
        return reply.items[1].text;
    }
    void finish(Result<Answers> result) {
        const auto keep = std::exchange(self_, nullptr);
        runtime_.executor().cancel(timer_);
        link_->close();
        if (!result) result.error().operation = diagnose_operation;
        std::exchange(done_, nullptr)(std::move(result));
    }

    Runtime& runtime_;
    const Url url_;
    Handshake handshake_;
    std::shared_ptr<Link> link_;
    std::vector<Reply> replies_;
    Completion<Answers> done_;
    std::shared_ptr<DiagnosisProbe> self_;  // while the link knows this as its owner
    Executor::TimerId timer_ = Executor::TimerId::none;
};

Result<std::shared_ptr<const TlsContext>> tls_of(const Url& url) {
    if (!url.tls) return nullptr;
    return load_tls(*url.tls);
}

class Anybody final : public Sentinels::Listener {
    void on_primary(const Url&) override {}
};

// Where the server is that the URL speaks of: the Sentinels know.
Result<Url> locate(Runtime& runtime, const Url& url, TimePoint deadline) {
    if (!url.sentinel) return url;
    auto tls = tls_of(url);
    if (!tls) return fail(std::move(tls).error());
    const auto anybody = std::make_shared<Anybody>();
    const auto sentinels = std::make_shared<Sentinels>(
        network_of(runtime),
        Sentinels::Options{.url = url, .tls = *std::move(tls), .random = system_random});
    auto found = wait<Url>(
        diagnose_operation, url.endpoint() + " to be named", deadline, [&](Completion<Url> done) {
            runtime.executor().post([sentinels, anybody, done = std::move(done)]() mutable {
                sentinels->attach(*anybody);
                sentinels->find(std::move(done));
            });
        });
    // Not waited for.
    runtime.run_alone([sentinels, anybody] { sentinels->detach(*anybody); });
    return found;
}

Result<Answers> ask(Runtime& runtime, const Url& url, TimePoint deadline, Duration timeout) {
    auto loaded = tls_of(url);
    if (!loaded) return fail(std::move(loaded).error());
    const std::shared_ptr<const TlsContext> tls = *std::move(loaded);
    return wait<Answers>(
        diagnose_operation, url.endpoint() + " to answer", deadline + std::chrono::seconds(1),
        [&](Completion<Answers> done) {
            runtime.executor().post(
                [&runtime, url, tls, deadline, timeout, done = std::move(done)]() mutable {
                    std::make_shared<DiagnosisProbe>(runtime, url, tls, std::move(done))
                        ->start(deadline, timeout);
                });
        });
}

// As a node that keeps its values there and is on these channels.
Usage usage_of(const DoctorOptions& options) {
    Usage usage{.channels = {}, .logs = {}, .prefixes = options.key_prefixes};
    for (const std::string& channel : options.channels) {
        usage.channels.push_back({.channel = channel, .plain = true});
    }
    if (usage.channels.empty()) usage.channels = {{.channel = own_channel, .plain = true}};
    return usage;
}

Result<void> try_everything(Runtime& runtime, const std::string& url, const DoctorOptions& options,
                            TimePoint deadline) {
    auto opened = open_redis(runtime,
                             {.url = url,
                              .app = options.app,
                              .client_name = "tutti-doctor",
                              .connect_timeout = options.timeout},
                             deadline);
    if (!opened) return fail(std::move(opened).error());
    return wait<void>(diagnose_operation, "the server to say what its user may do", deadline,
                      [&](Completion<void> done) {
                          opened->bus->check(usage_of(options), deadline, std::move(done));
                      });
}

Finding judge_permissions(const Result<void>& tried) {
    if (tried) {
        return {.subject = "permissions",
                .found = "complete",
                .verdict = Verdict::ok,
                .means = "this user may do everything that a node does",
                .advice = {}};
    }
    const bool refused = tried.error().code == Errc::refused;
    std::string cause = tried.error().cause;
    // The whole rule stands above.
    if (const auto rule = cause.find("; allow it: "); rule != std::string::npos) cause.resize(rule);
    return {.subject = "permissions",
            .found = refused ? "incomplete" : "not tried to the end",
            .verdict = Verdict::problem,
            .means = "a node does not start, or fails later: " + cause,
            .advice = refused ? "run the rule above" : "see the server's log"};
}

// To be pasted into a rule as it is.
bool is_plain_word(std::string_view text) {
    return !text.empty() && text.size() <= word_bytes_max &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; }) &&
           text.find_first_of("*?[]\\^{}\"'<>") == std::string_view::npos;
}

Result<void> check(const DoctorOptions& options) {
    constexpr std::string_view must_be =
        " must have 1 to 128 printable bytes, without blanks, quotes, brackets and wildcards";
    OptionProblems problems;
    for (const std::string& prefix : options.key_prefixes) {
        problems.unless(is_plain_word(prefix), "key_prefixes",
                        "'" + shown(prefix, shown_bytes_max) + "'" + std::string(must_be));
    }
    for (const std::string& channel : options.channels) {
        problems.unless(is_plain_word(channel), "channels",
                        "'" + shown(channel, shown_bytes_max) + "'" + std::string(must_be));
    }
    problems.add_if("app", wrong_with_app(options.app));
    problems.unless(options.timeout > Duration::zero(), "timeout", "must be above zero");
    if (problems.empty()) return {};
    return fail(Errc::invalid_option, diagnose_operation, in_lines(problems.take()));
}

void append(std::vector<Finding>& to, std::vector<Finding> more) {
    std::ranges::move(more, std::back_inserter(to));
}

Result<Diagnosis> examine(Runtime& runtime, const std::string& text, const Url& url,
                          const DoctorOptions& options) {
    const TimePoint deadline = saturating_add(Boottime::now(), options.timeout);
    const auto server = locate(runtime, url, deadline);
    if (!server) return fail(server.error());
    const auto answers = ask(runtime, *server, deadline, options.timeout);
    if (!answers) return fail(answers.error());
    Diagnosis diagnosis{.server = url.redacted(),
                        .acl_rule = rule_for(url, usage_of(options)),
                        .findings = judge_url(url)};
    if (answers->info.is_error("NOPERM")) {
        diagnosis.findings.push_back(
            judge_permissions(fail(unexpected_reply(diagnose_operation, answers->info))));
        return diagnosis;
    }
    if (!answers->info.is(Reply::Type::text)) {
        return fail(unexpected_reply(diagnose_operation, answers->info));
    }
    const auto facts = read_info(answers->info.text);
    if (!facts) return fail(facts.error());
    append(diagnosis.findings, judge_server(*facts, url));
    append(diagnosis.findings, judge_settings(*facts, url, answers->settings));
    // What a node would refuse needs no permissions.
    if (!judge_info(answers->info.text)) return diagnosis;
    diagnosis.findings.push_back(
        judge_permissions(try_everything(runtime, text, options, deadline)));
    return diagnosis;
}

}  // namespace
}  // namespace redis

Result<Diagnosis> diagnose(const std::string& url, const DoctorOptions& options) {
    if (auto valid = redis::check(options); !valid) return fail(valid.error());
    const auto parsed = redis::Url::parse(url);
    if (!parsed) return fail(parsed.error());
    Runtime runtime;
    runtime.start();
    auto diagnosis = redis::examine(runtime, url, *parsed, options);
    runtime.stop();
    return diagnosis;
}

}  // namespace tutti
