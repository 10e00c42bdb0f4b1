// What users send, seen from outside of all processes while they die: two bots that see every
// message, two gateways, two workers. What is counted, at the models and in what the bots have
// said: lost 0, said twice 0, paid twice 0, and what is unknown is reported.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <ranges>
#include <string_view>

#include "fleet/platform.hpp"
#include "provider-stand-in/stand_in.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti::services;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* channel = "700";
constexpr auto lease = 3s;  // as the platform sets it

class Messages : public Platform {
protected:
    Messages() : Platform({"appendonly yes", "appendfsync always"}, Discords::one_for_both) {}

    void SetUp() override {
        Platform::SetUp();
        for (Service& worker : workers) worker.start();
        for (const Service& worker : workers) await_health(worker, 200, R"("status":)");
        ASSERT_THAT(activate(0, channel).content, HasSubstr("ctivated **"));
        ASSERT_TRUE(eventually([this] { return say(1, channel).handled; }, 5s));
        ASSERT_TRUE(eventually([this] { return said_in_all() == 1; }));
        before_ = calls();
    }

    // Both bots see it, as instances on one account do.
    void send_message(const std::string& number, const std::string& more = "") {
        sent_.emplace(discords[0]->say(channel, "message " + number, moderator, more), number);
    }
    void behave(const std::string& how) {
        ASSERT_EQ(send(provider.url(), "PUT", "/behaviour", how).status, 204);
    }
    stand_in::Calls calls() { return read<stand_in::Calls>(get(provider, "/calls")); }

    // What all bots have said in all their lives, by the number of the message that it answers: an
    // answer repeats its text, an apology is a reply to it.
    std::map<std::string, std::vector<std::string>> said() const {
        std::map<std::string, std::vector<std::string>> all;
        for (const SaidAtDiscord& one : discords[0]->said(channel)) {
            const auto answered = one.reply_to ? sent_.find(*one.reply_to) : sent_.end();
            if (answered != sent_.end()) {
                all[answered->second].push_back(one.content);
                continue;
            }
            all[number_in(one.content)].push_back(one.content);
        }
        return all;
    }
    static std::string number_in(const std::string& text) {
        constexpr std::string_view word = "message ";
        const std::size_t at = text.find(word);
        if (at == std::string::npos) return "";
        const std::size_t begin = at + word.size();
        return text.substr(begin, text.find_first_not_of("0123456789", begin) - begin);
    }
    std::size_t said_in_all() const {
        std::size_t count = 0;
        for (const auto& [id, texts] : said()) count += texts.size();
        return count;
    }
    bool all_answered() const {
        const auto all = said();
        return std::ranges::all_of(std::views::values(sent_),
                                   [&](const std::string& id) { return all.contains(id); });
    }
    // Until it is known who has said it.
    void await_note_of(const std::string& message) {
        ASSERT_TRUE(
            eventually([&] { return redis.command({"EXISTS", "webhook:" + message}) == "1"; }));
    }
    // Deliveries of which nothing is known but that they began.
    std::size_t unknown_deliveries() {
        return sample(bots[1], "tutti_deliveries_paid_unknown_total");
    }
    std::size_t unknown_calls() { return sample(gateways[1], "tutti_jobs_paid_unknown_total"); }

    // Said once, or an apology once; what is missing is reported as unknown.
    void expect_each_once() {
        std::size_t missing = 0;
        std::size_t apologies = 0;
        const auto all = said();
        for (const std::string& id : std::views::values(sent_)) {
            const auto found = all.find(id);
            if (found == all.end()) {
                ++missing;
                continue;
            }
            EXPECT_EQ(found->second.size(), 1U) << "message " << id;
            const bool answer = found->second.front().contains("message " + id);
            if (!answer) {
                ++apologies;
                EXPECT_THAT(found->second.front(), HasSubstr("Sorry"));
            }
        }
        // Those figures are as old as the last look at Redis, three seconds at most. A delivery of
        // which nothing is known is an apology later on.
        EXPECT_TRUE(eventually([&] { return missing <= unknown_deliveries(); }, 5s)) << missing;
        EXPECT_TRUE(eventually(
            [&] { return missing + apologies <= unknown_calls() + unknown_deliveries(); }, 5s))
            << missing << " and " << apologies;
        EXPECT_LE(calls().chat - before_.chat, sent_.size()) << "no reply is paid for twice";
        std::cout << sent_.size() << " messages: " << apologies << " apologies, " << missing
                  << " of which nothing is known\n";
    }

    [[nodiscard]] Variables worker_variables(std::size_t worker) const {
        return {{"INTERNAL_SERVICE_SECRET", secret},
                {"AI_WORKER_PORT", std::to_string(worker_ports[worker])},
                {"INSTANCE_NAME", "worker-" + std::to_string(worker + 1)},
                {"GATEWAY_URL", gateways[0].url()},
                {"PUBLIC_GATEWAY_URL", gateways[1].url()},
                {"OPENROUTER_BASE_URL", provider.url()},
                {"DISCORD_CDN_BASE_URL", provider.url()},
                {"LLM_API_KEY", model_key},
                {"JOB_LEASE_SECONDS", "3"},
                {"REDIS_URL", redis.url()},
                {"LOG_LEVEL", "trace"}};
    }

    std::array<std::uint16_t, 2> worker_ports{free_port(), free_port()};
    std::array<Service, 2> workers{
        Service{AI_WORKER_PROGRAM, {}, worker_variables(0), worker_ports[0]},
        Service{AI_WORKER_PROGRAM, {}, worker_variables(1), worker_ports[1]}};
    std::map<std::string, std::string> sent_;  // numbers, by the ids of messages
    stand_in::Calls before_;
};

TEST_F(Messages, APictureAndAVoiceNoteAreAnsweredOnceWithWhatTheySayAndDeliveryIsConfirmed) {
    send_message(
        "1", R"(,"attachments":[{"url":"https://cdn.discordapp.com/attachments/1/2/cat.png?ex=1",)"
             R"("contentType":"image/png","filename":"cat.png"}])");
    send_message(
        "2", R"(,"attachments":[{"url":"https://cdn.discordapp.com/attachments/1/2/n.ogg?ex=1",)"
             R"("contentType":"audio/ogg","filename":"n.ogg"}],"voice":true)");

    ASSERT_TRUE(eventually([this] { return all_answered(); }));

    EXPECT_THAT(said()["1"].front(), HasSubstr("[Image: a picture ("));
    EXPECT_THAT(said()["2"].front(), HasSubstr("[Voice message: the words of n.ogg]"));
    EXPECT_EQ(calls().chat - before_.chat, 2U);
    EXPECT_EQ(calls().vision - before_.vision, 1U);
    EXPECT_EQ(calls().transcription - before_.transcription, 1U);
    expect_each_once();
    EXPECT_TRUE(eventually([this] {
        return postgres.query("SELECT count(*) FROM job_results WHERE status = 'DELIVERED'") == "3";
    })) << postgres.query("SELECT job_id || ' ' || status FROM job_results");
    EXPECT_EQ(redis.command({"XLEN", "job-results"}), "0");
}

TEST_F(Messages, BotsWorkersAndGatewaysThatAreKilledLoseNothingAndRepeatNothing) {
    behave(R"({"chat":{"delayMs":200}})");
    const std::array<Service*, 3> victims{&bots[0], &workers[0], &gateways[0]};
    int number = 1;
    for (Service* const victim : victims) {
        for (int i = 0; i < 4; ++i) send_message(std::to_string(number++));
        victim->kill();
        for (int i = 0; i < 2; ++i) send_message(std::to_string(number++));
        victim->start();
        ASSERT_TRUE(eventually([&] { return get(*victim, "/health").status == 200; }));
    }

    (void)eventually([this] { return all_answered(); }, 40s);

    expect_each_once();
}

TEST_F(Messages, ABotAndAWorkerThatAreStoppedBeyondTheirLeasesRepeatNothing) {
    behave(R"({"chat":{"delayMs":300}})");
    for (int i = 1; i <= 6; ++i) send_message(std::to_string(i));
    for (const Service* service : {&bots[0], &workers[0]}) service->signal(SIGSTOP);
    std::this_thread::sleep_for(2 * lease + 1s);
    for (const Service* service : {&bots[0], &workers[0]}) service->signal(SIGCONT);

    (void)eventually([this] { return all_answered(); }, 40s);
    send_message("7");
    EXPECT_TRUE(eventually([this] { return said().contains("7"); }));

    expect_each_once();
}

TEST_F(Messages, AWorkerEndsInTimeAlsoWhileItWaitsForAPictureThatADeadOneHadClaimed) {
    workers[1].kill();
    behave(R"({"vision":{"answer":"stall"}})");
    send_message(
        "1", R"(,"attachments":[{"url":"https://cdn.discordapp.com/attachments/1/2/cat.png?ex=1",)"
             R"("contentType":"image/png","filename":"cat.png"}])");
    ASSERT_TRUE(eventually([this] { return calls().vision - before_.vision == 1; }));
    workers[0].kill();
    workers[1].start();
    // It has taken the job and asked for the picture, which the dead one has claimed.
    ASSERT_TRUE(eventually([this] {
        return sample(workers[1], R"(tutti_cache_misses_total{cache="vision-description"})") == 1;
    }));

    EXPECT_EQ(workers[1].end(), 0) << workers[1].written();
}

TEST_F(Messages, ARedisThatIsKilledAndReadsItsFileAgainLosesNothing) {
    behave(R"({"chat":{"delayMs":300}})");
    for (int i = 1; i <= 6; ++i) send_message(std::to_string(i));
    redis.restart();
    std::this_thread::sleep_for(500ms);
    redis.restart();

    (void)eventually([this] { return all_answered(); }, 40s);

    expect_each_once();
}

// A channel that is not activated, so that nothing else has it answered.
TEST_F(Messages, AReplyToAPersonalityIsAnsweredAlsoBehindARestartOfRedis) {
    const std::string elsewhere = "710";
    open(elsewhere);
    discords[0]->say(elsewhere, "@maestro hello");
    ASSERT_TRUE(eventually([&] { return discords[0]->said(elsewhere).size() == 1; }));
    const std::string answer = discords[0]->said(elsewhere).front().id;
    await_note_of(answer);

    redis.shut_down();
    redis.start();
    await_all_ready();
    discords[0]->say(elsewhere, "and then", moderator, R"(,"replyTo":")" + answer + '"');

    EXPECT_TRUE(eventually([&] { return discords[0]->said(elsewhere).size() == 2; }));
}

class MessagesForgotten : public Messages, public ::testing::WithParamInterface<const char*> {};

TEST_P(MessagesForgotten, ARedisThatForgetsIsAnApologyForEachAndTheNextMessageIsAnswered) {
    behave(R"({"chat":{"delayMs":2000}})");
    ASSERT_TRUE(eventually([this] { return heard_by(0) == heard_by(1); }));  // what SetUp has said
    const std::size_t heard = heard_by(0) + heard_by(1);
    for (int i = 1; i <= 3; ++i) send_message(std::to_string(i));
    ASSERT_TRUE(eventually([this] { return calls().chat - before_.chat == 3; }));
    // A bot that has not asked yet would have it answered anew.
    ASSERT_TRUE(eventually([&] { return heard_by(0) + heard_by(1) == heard + 6; }));

    if (std::string_view(GetParam()) == "FLUSHALL") {
        redis.command({"FLUSHALL"});
    } else {
        redis.kill();
        std::filesystem::remove_all(redis.folder() / "appendonlydir");
        redis.start();
    }

    EXPECT_TRUE(eventually([this] { return all_answered(); }, 40s));
    await_all_ready();
    for (const auto& [id, texts] : said()) EXPECT_EQ(texts.size(), 1U) << id;
    for (const char* id : {"1", "2", "3"}) {
        EXPECT_THAT(said()[id].front(), HasSubstr("Sorry, my answer to this seems to be lost"))
            << id;
    }
    EXPECT_EQ(
        sample(bots[0], "tutti_replies_lost_total") + sample(bots[1], "tutti_replies_lost_total"),
        3U);
    behave("{}");
    send_message("4");
    EXPECT_TRUE(eventually([this] { return said().contains("4"); }));
    EXPECT_THAT(said()["4"].front(), HasSubstr("message 4"));
    EXPECT_EQ(calls().chat - before_.chat, 4U);
}
INSTANTIATE_TEST_SUITE_P(Redis, MessagesForgotten, ::testing::Values("FLUSHALL", "restarted_empty"),
                         [](const auto& how) { return std::string(how.param); });

}  // namespace
}  // namespace tests
