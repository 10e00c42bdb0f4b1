#include "redis/channel_check.hpp"

#include <string_view>
#include <utility>

#include "redis/acl.hpp"
#include "redis/command.hpp"

namespace tutti::redis {
namespace {

constexpr const char* channel_check_operation = "redis check";
constexpr const char* suffix = "tutti-check";  // of a key that nothing else uses

// "... no permissions to run the 'evalsha' command". Empty: it is about something else.
std::string denied_command(std::string_view text) {
    constexpr std::string_view before = "run the '";
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + before.size());
    return std::string(text.substr(0, text.find_first_of("'|")));
}

// Every wire channel, the one of the wakings first.
std::vector<std::string> channels_of(const Usage& usage, const Names& names) {
    std::vector<std::string> channels{names.wake()};
    for (const Subscription& subscription : usage.channels) {
        channels.push_back(names.channel(subscription.channel));
        channels.push_back(names.acks(subscription.channel));
        if (subscription.plain) channels.push_back(subscription.channel);
    }
    return channels;
}

// The keys to try, with the ACL's pattern for each.
std::map<std::string, std::string> keys_of(const Usage& usage, const Names& names) {
    std::map<std::string, std::string> keys;
    const auto ours = [&](const std::string& base) { keys.emplace(base + suffix, "~tutti:*"); };
    for (const Subscription& subscription : usage.channels) {
        ours(names.channel(subscription.channel) + ":");
    }
    for (const std::string& log : usage.logs) ours(names.channel(log) + ":");
    for (const std::string& prefix : usage.prefixes) {
        keys.emplace(prefix + suffix, key_pattern(prefix));
        ours("tutti:claim:" + prefix);
        ours("tutti:value:" + prefix);
    }
    return keys;
}

}  // namespace

ChannelCheck::ChannelCheck(Network network, std::shared_ptr<CommandConnection> connection,
                           Options options, Completion<void> done)
    : network_(std::move(network)),
      connection_(std::move(connection)),
      options_(std::move(options)),
      done_(std::move(done)),
      keys_(keys_of(options_.usage, options_.names)),
      channels_(channels_of(options_.usage, options_.names)) {}

void ChannelCheck::start(TimePoint deadline) {
    deadline_ = deadline;
    timer_ = network_.executor->run_at(deadline, [self = shared_from_this()] {
        self->finish(fail(Errc::timeout, channel_check_operation, self->waits_for()));
    });
    // By text, and then by digest: a server that knows the script already would not show that the
    // user may not send another.
    try_script(ScriptBy::text);
}

std::string ChannelCheck::waits_for() const {
    return options_.session.url.endpoint() + " has not answered in time while it was tried which " +
           (session_ ? "channels its user may subscribe to, on a connection of its own"
                     : "commands and keys its user may use") +
           ": does it run?";
}

void ChannelCheck::try_script(ScriptBy by) {
    ScriptCall call{
        .script = scripts::check, .operation = channel_check_operation, .keys = {}, .args = {}};
    call.by = by;
    const std::string name = options_.names.wake() + ":check";
    call.args = {name, name};
    for (const auto& [key, pattern] : keys_) call.args.push_back(key);
    run(connection_, std::move(call), deadline_,
        [self = shared_from_this(), by](Result<Reply> reply) {
            self->on_tried(by, std::move(reply));
        });
}

void ChannelCheck::on_tried(ScriptBy by, Result<Reply> reply) {
    if (!done_) return;
    if (!reply) {
        const std::string command = denied_command(reply.error().cause);
        if (reply.error().code != Errc::refused || command.empty()) {
            return finish(fail(std::move(reply).error()));
        }
        denied_.insert("+" + command);
    } else if (!reply->is(Reply::Type::array)) {
        return finish(fail(unexpected_reply(channel_check_operation, *reply)));
    } else {
        for (const Reply& item : reply->items) {
            const auto key =
                item.text.starts_with('~') ? keys_.find(item.text.substr(1)) : keys_.end();
            if (key != keys_.end()) {
                denied_.insert(key->second);
            } else if (item.text.starts_with('+')) {
                denied_.insert(item.text);
            } else {
                denied_.insert(item.text.substr(0, 1) + "tutti:*");
            }
        }
    }
    if (by == ScriptBy::text) return try_script(ScriptBy::digest);
    if (options_.session.url.replicas > 0) return try_wait();
    subscribe();
}

// No script may do this one. It waits for no replica.
void ChannelCheck::try_wait() {
    connection_->submit({.operation = channel_check_operation,
                         .bytes = encode({"WAIT", "0", "1"}),
                         .deadline = deadline_,
                         .caller = CommandConnection::Caller::bus},
                        [self = shared_from_this()](const Result<Reply>& reply) {
                            if (!self->done_) return;
                            if (!reply) return self->finish(fail(reply.error()));
                            if (reply->is_error("NOPERM")) self->denied_.insert("+wait");
                            self->subscribe();
                        });
}

void ChannelCheck::subscribe() {
    self_ = shared_from_this();
    session_ =
        std::make_shared<Session>(network_, options_.session, static_cast<Session::Owner&>(*this));
    session_->start();
}

// One by one: of several in one command the server does not say which it refuses.
void ChannelCheck::on_up(const ServerFacts&) {
    for (const std::string& channel : channels_) session_->write(encode({"SUBSCRIBE", channel}));
}

void ChannelCheck::on_reply(Reply reply) {
    const bool confirmed = reply.items.size() == 3 && reply.items[0].text == "subscribe";
    if (reply.is(Reply::Type::array) && !confirmed) return;  // a message, by now
    if (!confirmed) {
        const Error error = to_error(channel_check_operation, reply);
        if (error.code != Errc::refused) return finish(fail(error));
        const std::string command = denied_command(reply.text);
        denied_.insert(command.empty() ? channel_pattern(channels_[answered_]) : "+" + command);
    }
    if (++answered_ == channels_.size()) conclude();
}

void ChannelCheck::conclude() {
    if (denied_.empty()) return finish({});
    std::string missing;
    for (const std::string& rule : denied_) missing.append(" ").append(rule);
    finish(fail(Errc::refused, channel_check_operation,
                "the server does not let this user do what the node needs; it lacks" + missing +
                    "; allow it: ACL SETUSER <user>" + missing +
                    "; all that it needs: " + rule_for(options_.session.url, options_.usage)));
}

void ChannelCheck::finish(Result<void> result) {
    if (!done_) return;
    const auto keep = std::exchange(self_, nullptr);
    network_.executor->cancel(timer_);
    if (session_) session_->close();
    std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace tutti::redis
