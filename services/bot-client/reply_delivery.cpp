#include "bot-client/reply_delivery.hpp"

#include <optional>
#include <utility>

#include <boost/describe/class.hpp>

#include "bot-client/apologies.hpp"
#include "bot-client/sending/pieces.hpp"
#include "common/process/logging.hpp"
#include "tutti/json.hpp"

namespace tutti::services::bot {
namespace {

using jobs::Completed;
using jobs::Failed;

struct ReplySpeaker {
    std::string name;
    std::optional<std::string> slug;
    std::optional<std::string> avatar_url;
};
BOOST_DESCRIBE_STRUCT(ReplySpeaker, (), (name, slug, avatar_url))

struct ReplyResult {
    std::optional<bool> success;
    std::optional<std::string> content;
    std::optional<ReplySpeaker> personality;
};
BOOST_DESCRIBE_STRUCT(ReplyResult, (), (success, content, personality))

struct Delivered {
    std::string message_id;
};
BOOST_DESCRIBE_STRUCT(Delivered, (), (message_id))

// Another attempt may help, and says nothing twice.
bool may_help(Errc code) { return code != Errc::refused && code != Errc::invalid_option; }

}  // namespace

ReplyText said_of(const std::string& result) {
    auto reply = json::read<ReplyResult>(result, json::any_length);
    const bool answers = reply && reply->success.value_or(true) && reply->content &&
                         !sending::pieces_of(*reply->content, content_units_max).empty();
    if (!answers) {
        return {.content = apologies::no_answer_found};
    }
    ReplyText text{.content = *std::move(reply->content)};
    if (reply->personality) {
        text.speaker = Speaker{.name = std::move(reply->personality->name),
                               .avatar_url = std::move(reply->personality->avatar_url).value_or(""),
                               .slug = std::move(reply->personality->slug).value_or("")};
    }
    return text;
}

Result<std::string> ReplyDelivery::say_once(const std::string& call, const LaterReply& reply,
                                            const jobs::JobContext& context) const {
    const auto deadline = [this] { return Boottime::now() + options_.say_deadline; };
    auto said = context.paid.once(call, [&] { return sender_.say(reply, deadline()); });
    if (said || said.error().code != Errc::suspect) return said;
    // An attempt before may have said it and died before it was noted.
    const auto found = sender_.find(reply, deadline());
    if (!found || !*found) return said;
    return context.paid.settle(call, **found);
}

Result<std::string> ReplyDelivery::say_all(const jobs::Job& job,
                                           const jobs::JobContext& context) const {
    const ReplyText text = said_of(job.data);
    LaterReply reply{.channel_id = job.reply.channel,
                     .message_id = job.reply.reference,
                     .content = {},
                     .nonce = job.job_id,
                     .speaker = text.speaker,
                     .follows = job.reply.reference};
    std::string call = "say";
    for (int piece = 0;
         const std::string& content : sending::pieces_of(text.content, content_units_max)) {
        if (piece > 0) {
            reply.message_id.clear();  // only the first one answers
            reply.nonce = job.job_id + '-' + std::to_string(piece);
            call = "say-" + std::to_string(piece);
        }
        reply.content = content;
        auto said = say_once(call, reply, context);
        if (!said) return said;
        reply.follows = *std::move(said);
        ++piece;
    }
    return reply.follows;
}

// The bot itself may speak where its webhook may not, and Discord knows its messages again.
void ReplyDelivery::give_up(const jobs::Job& job, const Error& why) const {
    const std::string where =
        job.job_id + ", for message " + job.reply.reference + " in channel " + job.reply.channel;
    log::error("a reply is a dead letter",
               where + ": " + why.message() +
                   "; `XRANGE job-results:dead - +` has the others, and docs/operations.md what "
                   "the bot needs in a channel");
    const bool is_unknown = why.code == Errc::suspect;
    const auto told =
        sender_.say({.channel_id = job.reply.channel,
                     .message_id = job.reply.reference,
                     .content = is_unknown ? apologies::may_not_be_said : apologies::not_answered,
                     .nonce = job.job_id + "-given-up"},
                    Boottime::now() + options_.say_deadline);
    if (!told)
        log::warn("a user is not told of a dead letter", where + ": " + told.error().message());
}

jobs::JobOutcome ReplyDelivery::deliver(const jobs::Job& job,
                                        const jobs::JobContext& context) const {
    const auto said = say_all(job, context);
    if (!said) {
        const Errc code = said.error().code;
        const bool given_up =
            code == Errc::suspect && context.attempt > options_.unknown_attempts_max;
        const bool retry = may_help(code) && !given_up;
        // What answers no message was asked for by a program, which reads the job.
        if (retry || job.reply.reference.empty()) {
            log::warn("a reply is not said", job.job_id + ": " + said.error().message());
        } else {
            give_up(job, said.error());
        }
        return Failed{.cause = said.error().message(), .retry = retry};
    }
    awaited_.answered(job.job_id);
    const auto confirmed =
        gateway_.confirm_delivery(job.job_id, Boottime::now() + options_.confirm_deadline);
    if (!confirmed && confirmed.error().passing()) {
        return Failed{
            .cause = "it was said, and the gateway did not confirm it: " + confirmed.error().text,
            .retry = true};
    }
    if (!confirmed || !*confirmed) {
        log::warn("a delivery is not confirmed",
                  job.job_id + ": the gateway " +
                      (confirmed ? "knows of no result" : "refused: " + confirmed.error().text));
    }
    return Completed{json::write(Delivered{.message_id = *said})};
}

}  // namespace tutti::services::bot
