#include "redis/channel_check.hpp"

#include <utility>

#include "redis/command.hpp"
#include "redis/script_runner.hpp"

namespace tutti::redis {
namespace {

constexpr const char* operation = "redis check";

}  // namespace

ChannelCheck::ChannelCheck(Runtime& runtime, std::shared_ptr<CommandConnection> connection,
                           SubscriptionConnection::Options options,
                           std::vector<Subscription> channels, Completion<void> done)
    : runtime_(runtime),
      connection_(std::move(connection)),
      options_(std::move(options)),
      channels_(std::move(channels)),
      done_(std::move(done)) {}

void ChannelCheck::start(TimePoint deadline) {
    timer_ = runtime_.executor().run_at(deadline, [self = shared_from_this()] {
        self->finish(fail(Errc::timeout, operation, "the permissions were not checked in time"));
    });
    untried_ = channels_.size();
    if (untried_ == 0) return subscribe();
    for (const Subscription& channel : channels_) {
        const std::string name = options_.names.channel(channel.channel) + ":check";
        run(connection_,
            {.script = scripts::check, .operation = operation, .keys = {name}, .args = {name}},
            deadline,
            [self = shared_from_this()](Result<Reply> reply) { self->on_tried(std::move(reply)); });
    }
}

void ChannelCheck::on_tried(Result<Reply> reply) {
    if (!reply) return finish(fail(std::move(reply).error()));
    if (!reply->is(Reply::Type::array)) return finish(fail(unexpected_reply(operation, *reply)));
    for (const Reply& command : reply->items) denied_.insert(command.text);
    if (--untried_ > 0) return;
    if (denied_.empty()) return subscribe();
    std::string commands;
    for (const std::string& command : denied_) commands.append(" ").append(command);
    finish(fail(Errc::refused, operation,
                "the server does not let this user run, or use the keys or the channel for:" +
                    commands + "; allow it: " + std::string(acl_rule)));
}

void ChannelCheck::subscribe() {
    if (!done_) return;
    self_ = shared_from_this();
    subscription_ = std::make_shared<SubscriptionConnection>(
        runtime_, options_, channels_, static_cast<SubscriptionConnection::Owner&>(*this));
    subscription_->start();
}

void ChannelCheck::finish(Result<void> result) {
    if (!done_) return;
    const auto keep = std::exchange(self_, nullptr);
    runtime_.executor().cancel(timer_);
    if (subscription_) subscription_->close();
    std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace tutti::redis
