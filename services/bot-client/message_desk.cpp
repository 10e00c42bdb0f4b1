#include "bot-client/message_desk.hpp"

#include <optional>
#include <utility>

#include "bot-client/events/read_message.hpp"
#include "bot-client/voice_message.hpp"
#include "common/process/logging.hpp"
#include "common/process/span.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

constexpr Duration say_within = 10s;
constexpr Duration place_within = 2s;

// What the chain says itself. The first reply claims the message; without the claim nothing is
// said, because another bot does.
class OwnReplies final : public ReplySink {
public:
    OwnReplies(const Message& message, Sender& sender, const ClaimAnswer& claim)
        : channel_id_(message.channel_id),
          message_id_(message.id),
          sender_(sender),
          claim_(claim) {}

    Result<void> send(BotReply reply) override {
        if (!claimed_) claimed_ = claim_("message:" + message_id_);
        if (!*claimed_) return {};
        const auto said = sender_.say({.channel_id = channel_id_,
                                       .message_id = message_id_,
                                       .content = std::move(reply.content),
                                       .nonce = message_id_ + '-' + std::to_string(count_++),
                                       .mentions_author = reply.mentions_author},
                                      Boottime::now() + say_within);
        if (!said) return fail(said.error());
        return {};
    }

private:
    const std::string channel_id_;
    const std::string message_id_;
    Sender& sender_;
    const ClaimAnswer& claim_;
    std::optional<bool> claimed_;
    int count_ = 0;
};

}  // namespace

MessageDesk::MessageDesk(Parts parts, Options options)
    : parts_(std::move(parts)),
      transcribes_voice_(options.transcribes_voice),
      typing_(options.typing),
      voice_(options.voice) {}

void MessageDesk::take(const std::string& frame) {
    bool is_undecided = false;
    auto read = events::read_message(frame, [&] {
        const auto own = parts_.identity.find();
        if (own) return *own;
        log::warn("who mentions this bot is not known", own.error().message());
        is_undecided = true;
        return OwnIds{};
    });
    if (!read) {
        ++unreadable_;
        return log::warn("a message cannot be read", read.error().message());
    }
    if (!*read) return;
    Message message = **std::move(read);
    if (!transcribes_voice_ || message.author_is_bot || !is_voice_message(message)) {
        return handle(std::move(message), is_undecided);
    }
    const std::string id = message.id;
    if (!voice_.submit([this, message = std::move(message), is_undecided] {
            handle(message, is_undecided);
        })) {
        log::error("a user is not answered",
                   "message " + id + ": too many voice messages wait to be written down");
    }
}

void MessageDesk::handle(Message message, bool is_undecided) {
    if (message.author_is_bot) return;  // most of all its own
    const process::Span span("MESSAGE_CREATE", process::Span::Kind::consumer, std::nullopt);
    if (!message.guild_id.empty()) {
        auto place = parts_.places.find(message.channel_id, Boottime::now() + place_within);
        if (place) {
            message.parent_channel_id = std::move(place->thread_of);
        } else {
            log::warn("it is not known whether a channel is a thread",
                      "channel " + message.channel_id + ": " + place.error().message());
        }
    }
    OwnReplies replies(message, parts_.sender, parts_.claim);
    const std::string id = message.id;
    const std::string channel_id = message.channel_id;
    const auto outcome = parts_.chain.run(std::move(message), replies);
    if (outcome.handled_by.empty() && (is_undecided || outcome.is_undecided)) {
        ++undecided_;
        log::debug("message " + id + " passes on undecided");
    }
    if (!outcome.job_id) return;
    (void)typing_.submit([this, channel_id] { parts_.show_typing(channel_id); });
}

std::string MessageDesk::metrics_text() const {
    MetricText text;
    text.metric("tutti_messages_undecided_total", MetricText::Type::counter,
                "Messages that passed on because it could not be read whether they are to be "
                "answered.")
        .sample({}, undecided_.load());
    return text.text();
}

}  // namespace tutti::services::bot
