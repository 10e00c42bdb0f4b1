#include "fleet/message_scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fleet/cast.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds reply_timeout = 60s;

class Messages {
public:
    Messages(Fleet& fleet, FleetClient& client, Report& report)
        : fleet_(fleet), client_(client), report_(report) {}

    void play() {
        if (const auto opened = client_.open_channel(fleet_.discord(), channel_); !opened) {
            return report_.failed(8, "a channel", opened.error());
        }
        const auto done = client_.command(fleet_.discord(), "channel activate", channel_);
        if (!done || !done->starts_with("Activated **")) {
            return report_.line(8, "/channel activate", done ? *done : done.error().message(),
                                false);
        }
        show_a_picture_twice();
        speak();
        survive_a_kill();
        (void)client_.command(fleet_.discord(), "channel deactivate", channel_);
    }

private:
    // A message with a file, whose link is signed anew each time.
    Result<std::string> send(const std::string& text, const char* file, const char* type,
                             const char* signature) {
        const bool is_voice = std::string_view(type).starts_with("audio/");
        return client_.say(
            fleet_.discord(),
            {.channel_id = channel_,
             .content = text,
             .attachments =
                 std::vector<UserMessage::File>{
                     {.url = fmt::format("https://cdn.discordapp.com/attachments/1/{}/{}?ex={}",
                                         channel_, file, signature),
                      .filename = file,
                      .content_type = type}},
             .voice = is_voice ? std::optional(true) : std::nullopt});
    }

    // What all bots together have said behind that message, which is to be that much.
    Result<std::vector<Said>> await_said(const std::string& after, std::size_t count) {
        const auto waited = client_.said(fleet_.discord(), channel_, after, count, reply_timeout);
        if (!waited) return fail(waited.error());
        // Another one would come about now.
        std::this_thread::sleep_for(300ms);
        return client_.said(fleet_.discord(), channel_, after);
    }

    void show_a_picture_twice() {
        const char* const what = "a picture, and a reply to it, which three bots hear";
        const auto before = client_.all_provider_calls(*fleet_.provider());
        const auto first = send("look, says one", "cat.png", "image/png", "1");
        if (!first) return report_.failed(8, what, first.error());
        const auto second = client_.say(
            fleet_.discord(),
            {.channel_id = channel_, .content = "look again, says two", .reply_to = *first});
        if (!second) return report_.failed(8, what, second.error());
        const auto said = await_said(*first, 2);
        const auto after = client_.all_provider_calls(*fleet_.provider());
        for (const auto* error :
             {before ? nullptr : &before.error(), said ? nullptr : &said.error(),
              after ? nullptr : &after.error()}) {
            if (error != nullptr) return report_.failed(8, what, *error);
        }
        const std::uint64_t looks = after->vision - before->vision;
        report_.line(8, what, fmt::format("described by {} call of the model", looks), looks == 1);
        if (!said->empty())
            report_.note(fmt::format("The bot says: \"{}\"", said->front().content));
        const auto answers = [&](std::string_view text, std::string_view more) {
            return std::ranges::count_if(*said, [&](const Said& one) {
                return one.content.contains(text) && one.content.contains(more);
            });
        };
        report_.line(0, "each is answered once, the first with what the picture shows",
                     fmt::format("{} replies", said->size()),
                     said->size() == 2 &&
                         answers("You said: look, says one", "[Image: a picture (") == 1 &&
                         answers("You said: look again, says two", "") == 1);
    }

    void speak() {
        const char* const what = "a voice note, which three bots hear at the same time";
        const auto before = client_.all_provider_calls(*fleet_.provider());
        const auto spoken = send("", "note.ogg", "audio/ogg", "1");
        if (!spoken) return report_.failed(9, what, spoken.error());
        const auto said = await_said(*spoken, 1);
        const auto after = client_.all_provider_calls(*fleet_.provider());
        for (const auto* error :
             {before ? nullptr : &before.error(), said ? nullptr : &said.error(),
              after ? nullptr : &after.error()}) {
            if (error != nullptr) return report_.failed(9, what, *error);
        }
        const std::uint64_t calls = after->transcription - before->transcription;
        const std::uint64_t replies = after->chat - before->chat;
        report_.line(9, what,
                     fmt::format("{} call for the words, {} for the reply, said {}", calls, replies,
                                 said->size() == 1 ? "once" : fmt::format("{}x", said->size())),
                     replies == 1 && calls == 1 && said->size() == 1 &&
                         said->front().content.contains("the words of note.ogg"));
        if (!said->empty())
            report_.note(fmt::format("The bot says: \"{}\"", said->front().content));
    }

    // The provider sends the worker away, and the worker is killed before it may ask again.
    void survive_a_kill() {
        if (!fleet_.has_processes()) {
            return report_.note(
                "the workers are threads of this process: none is killed (--redis does)");
        }
        const char* const what = "a worker that has begun a reply is killed with SIGKILL";
        if (auto busy = client_.behave(*fleet_.provider(), R"({"chat":{"answer":"rate_limit"}})");
            !busy) {
            return report_.failed(10, what, busy.error());
        }
        const auto heard = send("and now?", "cat.png", "image/png", "3");
        const auto begun = heard ? await_retried() : Result<std::size_t>(fail(heard.error()));
        const auto killed = begun ? fleet_.kill_worker(*begun) : Result<void>(fail(begun.error()));
        const auto well = client_.behave(*fleet_.provider(), "{}");
        const auto said =
            heard ? await_said(*heard, 1) : Result<std::vector<Said>>(fail(heard.error()));
        const auto again = begun ? fleet_.start_worker(*begun) : Result<void>();
        for (const auto* error :
             {killed ? nullptr : &killed.error(), well ? nullptr : &well.error(),
              said ? nullptr : &said.error(), again ? nullptr : &again.error()}) {
            if (error != nullptr) return report_.failed(10, what, *error);
        }
        report_.line(10, what,
                     fmt::format("the other answers, said {}",
                                 said->size() == 1 ? "once" : fmt::format("{}x", said->size())),
                     said->size() == 1 && said->front().content.contains("and now?"));
    }

    // The worker whose attempt has failed for now.
    Result<std::size_t> await_retried() {
        const TimePoint end = Boottime::now() + reply_timeout;
        while (Boottime::now() < end) {
            for (std::size_t i = 0; i < fleet_.workers().size(); ++i) {
                const auto retried = client_.sample(
                    fleet_.workers()[i], R"(tutti_jobs_outcomes_total{outcome="retried"})");
                if (retried && *retried > 0) return i;
            }
            std::this_thread::sleep_for(20ms);
        }
        return fail(Errc::timeout, "await an attempt", "no worker has begun one");
    }

    Fleet& fleet_;
    FleetClient& client_;
    Report& report_;
    const std::string channel_ = fresh_channel(3);
};

}  // namespace

void play_messages(Fleet& fleet, FleetClient& client, Report& report) {
    Messages(fleet, client, report).play();
}

}  // namespace tutti::services::fleet
