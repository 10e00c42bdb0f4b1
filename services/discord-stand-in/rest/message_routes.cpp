#include "discord-stand-in/rest/message_routes.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "discord-stand-in/world/messages.hpp"
#include "discord-stand-in/world/objects.hpp"

namespace tutti::services::discord::rest {
namespace {

using world::Channel;
using world::JsonArray;
using world::Message;
using world::Permission;
using world::RefusalCode;
using world::refuse;
using world::refuse_form;
using world::World;

constexpr std::size_t page_max = 100;
constexpr std::size_t page_usual = 50;

world::Outcome<std::size_t> page_size(const Call& call) {
    const auto text = call.request.query_value("limit");
    if (!text) return page_usual;
    std::size_t size = 0;
    std::from_chars(text->data(), text->data() + text->size(), size);
    if (size < 1 || size > page_max) {
        return refuse_form("limit", "NUMBER_TYPE_MAX", "Value must be between 1 and 100.");
    }
    return size;
}

// The newest first, as Discord lists them.
Answer list(Call& call) {
    const auto found = call.world.for_bot(call.id("channel"), Permission::read_history);
    if (!found) return std::unexpected(found.error());
    const auto size = page_size(call);
    if (!size) return std::unexpected(size.error());
    const auto& all = (*found)->messages;
    auto begin = all.begin();
    auto end = all.end();
    if (const auto before = call.query_id("before")) {
        end = std::ranges::lower_bound(all, *before, {}, &Message::id);
    }
    if (const auto after = call.query_id("after")) {
        begin = std::min(std::ranges::upper_bound(all, *after, {}, &Message::id), end);
        end = begin + std::min<std::ptrdiff_t>(end - begin, static_cast<std::ptrdiff_t>(*size));
    } else if (const auto around = call.query_id("around")) {
        const auto middle = std::ranges::lower_bound(all, *around, {}, &Message::id);
        const auto half = static_cast<std::ptrdiff_t>(*size / 2);
        begin = middle - std::min<std::ptrdiff_t>(middle - begin, half);
        end = middle + std::min<std::ptrdiff_t>(end - middle, half + 1);
    }
    JsonArray page;
    while (end != begin && page.size() < *size) {
        page.push_back(world::message_object(call.world, *--end));
    }
    return Reply{.body = std::move(page)};
}

world::Outcome<Message*> message_of(Call& call, world::Permissions needed) {
    const auto channel = call.world.for_bot(call.id("channel"), needed);
    if (!channel) return std::unexpected(channel.error());
    Message* const found = World::message(**channel, call.id("message"));
    if (found == nullptr) return refuse(RefusalCode::unknown_message);
    return found;
}

Answer show_message(Call& call) {
    const auto found = message_of(call, Permission::read_history);
    if (!found) return std::unexpected(found.error());
    return Reply{.body = world::message_object(call.world, **found)};
}

Answer say(Call& call) {
    const auto channel = call.world.for_bot(call.id("channel"), Permission::send_messages);
    if (!channel) return std::unexpected(channel.error());
    auto draft = world::read_draft(call.body(), world::Speaker::channel_member);
    if (!draft) return std::unexpected(std::move(draft).error());
    if (auto full = world::check_not_empty(draft->message); !full) {
        return std::unexpected(full.error());
    }
    draft->message.flags &= ~world::MessageFlag::ephemeral;
    draft->message.author = call.world.application().bot;
    auto said = world::post(call.world, **channel, *std::move(draft), call.now);
    if (!said) return std::unexpected(std::move(said).error());
    return Reply{.body = world::message_object(call.world, **said)};
}

Answer change_message(Call& call) {
    const auto found = message_of(call, 0);
    if (!found) return std::unexpected(found.error());
    const bool own = (*found)->author == call.world.application().bot;
    if (!own) return refuse(RefusalCode::not_the_author);
    auto done =
        world::edit(call.world, **found, call.body(), world::Speaker::channel_member, call.now);
    if (!done) return std::unexpected(std::move(done).error());
    return Reply{.body = world::message_object(call.world, **found)};
}

Answer take_back(Call& call) {
    const auto found = message_of(call, 0);
    if (!found) return std::unexpected(found.error());
    const bool own = (*found)->author == call.world.application().bot;
    const auto needed = own ? 0 : Permission::manage_messages;
    const auto channel = call.world.for_bot(call.id("channel"), needed);
    if (!channel) return std::unexpected(channel.error());
    world::remove(call.world, **channel, call.id("message"));
    return no_content();
}

// Reactions are taken and forgotten.
Answer react(Call& call) {
    const auto found = message_of(call, Permission::read_history);
    if (!found) return std::unexpected(found.error());
    return no_content();
}

}  // namespace

Routes message_routes() {
    using std::chrono::milliseconds;
    const Allowance few{.calls = 5, .window = milliseconds(5'000)};
    const std::string messages = "/channels/:channel/messages";
    const std::string message = messages + "/:message";
    const auto of_channel = [few](const char* method, const std::string& pattern, Handler handler) {
        return Route{.method = method,
                     .pattern = pattern,
                     .handler = handler,
                     .allowance = few,
                     .major = "channel"};
    };
    Route reaction = of_channel("PUT", message + "/reactions/:emoji/@me", react);
    reaction.allowance = {.calls = 1, .window = milliseconds(250)};
    return {
        of_channel("GET", messages, list),        of_channel("POST", messages, say),
        of_channel("GET", message, show_message), of_channel("PATCH", message, change_message),
        of_channel("DELETE", message, take_back), reaction,
    };
}

}  // namespace tutti::services::discord::rest
