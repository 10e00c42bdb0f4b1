// Attachments of a running gateway: fetched from a stand-in for Discord that does as it is told, on
// disk, in the jobs on a real Redis, and served again.
#include <gmock/gmock.h>

#include <condition_variable>
#include <fstream>
#include <mutex>

#include "api-gateway/attachments/cleanup.hpp"
#include "api-gateway/attachments/store.hpp"
#include "common/http/server.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/redis_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr const char* some_request = "11111111-2222-4333-8444-555555555555";

// Answers /attachments/1/<id>/<name> with what the test has put there, else with 404. While it is
// held, answers wait until as many have been asked for as the test says.
class Discord {
public:
    Discord() {
        auto started =
            http::Server::start({.limits = {.internal = {.workers = 32}}},
                                [this](const http::Request& request) { return answer(request); });
        EXPECT_TRUE(started);
        server_ = *std::move(started);
    }
    ~Discord() {
        hold_until(0);
        server_->stop();
    }
    Discord(const Discord&) = delete;
    Discord& operator=(const Discord&) = delete;

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port());
    }
    void put(const std::string& path, std::string bytes) {
        const std::lock_guard lock(mutex_);
        files_[path] = std::move(bytes);
    }
    void hold_until(std::size_t asked) {
        const std::lock_guard lock(mutex_);
        needed_ = asked;
        changed_.notify_all();
    }
    [[nodiscard]] std::vector<std::string> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    http::Response answer(const http::Request& request) {
        std::unique_lock lock(mutex_);
        asked_.push_back(request.path + '?' + request.query);
        changed_.notify_all();
        changed_.wait(lock, [this] { return asked_.size() >= needed_; });
        const auto found = files_.find(request.path);
        if (found == files_.end()) return http::text_response(404, "gone");
        return http::text_response(200, found->second, "text/html");
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::string> files_;
    std::vector<std::string> asked_;
    std::size_t needed_ = 0;
    std::unique_ptr<http::Server> server_;
};

std::string discord_url(const std::string& name) {
    return "https://cdn.discordapp.com/attachments/1/2/" + name + "?ex=66&hm=5194a7";
}

std::string attachment(const std::string& name, const std::string& type = "image/png") {
    return R"({"url":")" + discord_url(name) + R"(","contentType":")" + type + R"(","name":")" +
           name + R"(","size":1})";
}

class Attachments : public GatewayTest {
protected:
    Attachments() {
        redis_url_ = redis.url();
        discord_url_ = discord.url();
    }
    void SetUp() override { start_with(with()); }
    void TearDown() override { gateway_.reset(); }
    [[nodiscard]] gateway::Gateway::Options with() const {
        auto chosen = options();
        chosen.attachment_dir = directory;
        chosen.public_url = "https://gateway.example/base";
        return chosen;
    }

    http::Response generate(const std::string& attachments, const std::string& message = "hello",
                            const std::string& more = {}) {
        return call("POST", "/ai/generate", {},
                    R"({"personality":{"name":"maestro"},"message":")" + message +
                        R"(","context":{"userId":"7","attachments":[)" + attachments + ']' + more +
                        "}}");
    }
    std::string request_id(const http::Response& response) {
        EXPECT_TRUE(response.ok()) << response.body;
        const auto body = json::parse(response.body, json::any_length);
        return std::string(body->at("requestId").get_string());
    }
    // What the worker reads of the job, as text.
    std::string job(const std::string& id) {
        const auto data = redis.command({"HGET", "ai-requests:job:" + id, "data"});
        EXPECT_NE(data, "(nil)") << id << " is not queued";
        return data;
    }
    static std::string ours(const std::string& request, const std::string& name) {
        return R"("url":"https://gateway.example/base/temp-attachments/)" + request + '/' + name +
               '"';
    }
    static std::string theirs(const std::string& name) {
        return R"("url":")" + discord_url(name) + '"';
    }
    http::Response file(const std::string& request, const std::string& name) {
        return send({.path = "/temp-attachments/" + request + '/' + name});
    }
    [[nodiscard]] std::vector<std::string> folders() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(directory)) {
            found.push_back(entry.path().filename());
        }
        return found;
    }

    tests::RedisServer redis;
    Discord discord;
    std::string directory = folder_.file("files");
};

TEST_F(Attachments, WorkersReadTheGatewaysCopyByteForByte) {
    std::string bytes;
    for (int i = 0; i < 1'000'000; ++i) bytes += static_cast<char>(i * 31 % 251);
    discord.put("/attachments/1/2/cat.png", bytes);

    const auto request = request_id(generate(attachment("cat.png")));

    EXPECT_THAT(discord.asked(), ElementsAre("/attachments/1/2/cat.png?ex=66&hm=5194a7"));
    for (const auto& id : {"llm-" + request, "image-" + request + "-image"}) {
        const auto data = job(id);
        EXPECT_THAT(data, HasSubstr(ours(request, "cat.png")));
        EXPECT_THAT(data, HasSubstr(R"("originalUrl":")" + discord_url("cat.png")));
        EXPECT_THAT(data, HasSubstr(R"("size":1000000)"));
        EXPECT_THAT(data, Not(HasSubstr(theirs("cat.png"))));
    }
    const auto served = file(request, "cat.png");
    EXPECT_EQ(served.status, 200);
    EXPECT_TRUE(served.body == bytes);
    EXPECT_EQ(served.headers.find("Content-Type"), "image/png") << "not what Discord said";
    EXPECT_EQ(served.headers.find("X-Content-Type-Options"), "nosniff");
}

TEST_F(Attachments, RecordingsAndOtherFilesAreFetchedTooAndSameNamesAreToldApart) {
    discord.put("/attachments/1/2/a.ogg", "sound");
    discord.put("/attachments/1/2/a%20b.txt", "text");

    const auto request = request_id(
        generate(attachment("a.ogg", "audio/ogg") + ',' + attachment("a.ogg", "audio/ogg") + ',' +
                 R"({"url":"https://media.discordapp.net/attachments/1/2/a%20b.txt",
                     "contentType":"text/plain","name":"../a b.txt"},
                    {"url":"https://cdn.discordapp.com/attachments/1/2/a%20b.txt",
                     "contentType":"text/plain"})"));

    EXPECT_THAT(job("audio-" + request + "-audio-0"), HasSubstr(ours(request, "a.ogg")));
    EXPECT_THAT(job("audio-" + request + "-audio-1"), HasSubstr(ours(request, "a-2.ogg")));
    const auto reply = job("llm-" + request);
    const std::string unnamed = "attachment-3-" + request.substr(0, 8) + ".bin";
    EXPECT_THAT(reply, HasSubstr(ours(request, "_._a%20b.txt")));
    EXPECT_THAT(reply, HasSubstr(ours(request, unnamed)));
    EXPECT_EQ(file(request, "a-2.ogg").body, "sound");
    EXPECT_EQ(file(request, "_._a%20b.txt").body, "text");
    EXPECT_EQ(file(request, unnamed).headers.find("Content-Type"), "application/octet-stream");
}

TEST_F(Attachments, WhatCannotBeFetchedKeepsItsUrlAndTheRestIsOurs) {
    discord.put("/attachments/1/2/big.png",
                std::string(gateway::attachments::AttachmentStore::file_bytes_max + 1, 'x'));
    discord.put("/attachments/1/2/good.png", "bytes");

    const auto request = request_id(generate(attachment("gone.png") + ',' + attachment("big.png") +
                                             ',' + attachment("good.png")));

    for (const auto& id : {"llm-" + request, "image-" + request + "-image"}) {
        const auto data = job(id);
        for (const char* name : {"gone.png", "big.png"}) {
            EXPECT_THAT(data, HasSubstr(theirs(name)));
            EXPECT_EQ(file(request, name).status, 404);
        }
        EXPECT_THAT(data, HasSubstr(ours(request, "good.png")));
    }
}

TEST_F(Attachments, FileAsLargeAsDiscordAllowsIsKept) {
    const std::string bytes(gateway::attachments::AttachmentStore::file_bytes_max, 'x');
    discord.put("/attachments/1/2/big.png", bytes);

    const auto request = request_id(generate(attachment("big.png")));

    EXPECT_THAT(job("llm-" + request), HasSubstr(ours(request, "big.png")));
    EXPECT_EQ(fs::file_size(fs::path(directory) / request / "big.png"), bytes.size());
}

TEST_F(Attachments, DownloadsOfARequestRunSideBySide) {
    std::string all;
    for (int i = 0; i < 8; ++i) {
        const auto name = std::to_string(i) + ".png";
        discord.put("/attachments/1/2/" + name, name);
        all += (i == 0 ? "" : ",") + attachment(name);
    }
    discord.hold_until(8);

    const auto request = request_id(generate(all));

    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(file(request, std::to_string(i) + ".png").body, std::to_string(i) + ".png");
    }
}

// The reservation lasts two seconds here.
TEST_F(Attachments, SilentDiscordCostsLessThanTheReservationLasts) {
    auto chosen = with();
    chosen.dedup_window = 2s;
    start_with(std::move(chosen));
    discord.hold_until(100);
    const TimePoint asked = Boottime::now();

    const auto request = request_id(generate(attachment("slow.png")));

    EXPECT_GE(Boottime::now() - asked, 1s);
    EXPECT_LT(Boottime::now() - asked, 2s);
    EXPECT_THAT(job("llm-" + request), HasSubstr(theirs("slow.png")));
    EXPECT_THAT(metrics_text(),
                HasSubstr(R"(tutti_http_failures_total{upstream="discord-cdn",kind="timeout"} 1)"));
}

TEST_F(Attachments, FilesGoWhenAWorkerAnnouncesTheEndOfTheJob) {
    auto chosen = with();
    chosen.attachment_cleanup.after_job = 20ms;
    start_with(std::move(chosen));
    discord.put("/attachments/1/2/a.png", "bytes");
    const auto request = request_id(generate(attachment("a.png")));
    const std::string path = "/temp-attachments/" + request + "/a.png";
    ASSERT_EQ(call("GET", path).status, 200);

    redis.command(
        {"XADD", "ai-requests:finished", "*", "jobId", "llm-" + request, "status", "completed"});

    EXPECT_TRUE(eventually([&] { return call("GET", path).status == 404; }));
}

TEST_F(Attachments, SameRequestMeanwhileDownloadsNothing) {
    discord.put("/attachments/1/2/a.png", "bytes");
    discord.hold_until(100);
    http::Response first;
    std::jthread asking([&] { first = generate(attachment("a.png")); });
    ASSERT_TRUE(eventually([this] { return discord.asked().size() == 1; }));

    EXPECT_EQ(generate(attachment("a.png")).status, 503) << "the first is not queued yet";

    discord.hold_until(0);
    asking.join();
    EXPECT_EQ(first.status, 202);
    EXPECT_EQ(discord.asked().size(), 1U);
    EXPECT_EQ(folders().size(), 1U);
}

TEST_F(Attachments, RequestsBeyondTheTurnsGoOnAtOnceWithTheirUrls) {
    auto chosen = with();
    chosen.attachments.requests_max = 1;
    start_with(std::move(chosen));
    discord.put("/attachments/1/2/a.png", "bytes");
    discord.hold_until(100);
    http::Response first;
    std::jthread asking([&] { first = generate(attachment("a.png")); });
    ASSERT_TRUE(eventually([this] { return discord.asked().size() == 1; }));

    const auto second = request_id(generate(attachment("b.png"), "another"));

    EXPECT_THAT(job("llm-" + second), HasSubstr(theirs("b.png")));
    discord.hold_until(0);
    asking.join();
    EXPECT_EQ(file(request_id(first), "a.png").body, "bytes");
    EXPECT_EQ(discord.asked().size(), 1U);
}

TEST_F(Attachments, FilesOfWhatWasNotQueuedAreGone) {
    discord.put("/attachments/1/2/a.png", "bytes");
    redis.command({"SET", "ai-requests", "not a stream"});

    expect_error(generate(attachment("a.png")), 500, "INTERNAL_ERROR");

    EXPECT_EQ(discord.asked().size(), 1U);
    EXPECT_THAT(folders(), IsEmpty());
}

TEST_F(Attachments, ReferencedMessagesAndRecordingsToTranscribeAreNotFetched) {
    const auto request =
        request_id(generate("", "hello",
                            R"(,"referencedMessages":[{"referenceNumber":1,"attachments":[)" +
                                attachment("a.png") + "]}]"));
    const auto transcribed = call("POST", "/ai/transcribe", {},
                                  R"({"attachments":[)" + attachment("a.ogg", "audio/ogg") + "]}");

    EXPECT_THAT(job("image-" + request + "-ref1-image"), HasSubstr(theirs("a.png")));
    EXPECT_THAT(job("audio-" + request_id(transcribed)), HasSubstr(theirs("a.ogg")));
    EXPECT_THAT(discord.asked(), IsEmpty());
    EXPECT_THAT(folders(), IsEmpty());
}

TEST_F(Attachments, OtherHostsAreRefusedAndNotAsked) {
    for (const char* url : {"http://cdn.discordapp.com/attachments/1/2/a.png",
                            "https://cdn.discordapp.com:8443/attachments/1/2/a.png",
                            "https://cdn.discordapp.com.example/attachments/1/2/a.png",
                            "https://127.0.0.1/attachments/1/2/a.png"}) {
        expect_error(generate(R"({"contentType":"image/png","url":")" + std::string(url) + "\"}"),
                     400, "VALIDATION_ERROR");
    }
    EXPECT_THAT(discord.asked(), IsEmpty());
}

// As a self-hosted copy of the files has it.
TEST_F(Attachments, HostsThatTheOperatorNamedAreFetchedFromInPlaceOfDiscords) {
    auto chosen = with();
    chosen.attachments.hosts = {.origins = {discord.url()}};
    start_with(std::move(chosen));
    discord.put("/attachments/1/2/cat.png", "bytes");
    const std::string named = discord.url() + "/attachments/1/2/cat.png";

    const auto request = request_id(
        generate(R"({"contentType":"image/png","name":"cat.png","url":")" + named + "\"}"));

    EXPECT_EQ(file(request, "cat.png").body, "bytes");
    EXPECT_THAT(job("llm-" + request), HasSubstr(R"("originalUrl":")" + named));
    expect_error(generate(attachment("cat.png")), 400, "VALIDATION_ERROR");
}

// A name that strangers control may lead anywhere.
TEST_F(Attachments, AHostThatLeadsToThisMachineIsNotConnectedTo) {
    auto chosen = with();
    std::string by_name = discord.url();
    by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");
    chosen.attachments.hosts = {.origins = {by_name}};
    chosen.attachments.hosts.discord_base_url = "http://127.0.0.1:9";
    start_with(std::move(chosen));
    discord.put("/attachments/1/2/cat.png", "bytes");

    const auto request =
        request_id(generate(R"({"contentType":"image/png","name":"cat.png","url":")" + by_name +
                            "/attachments/1/2/cat.png\"}"));

    EXPECT_THAT(discord.asked(), IsEmpty());
    EXPECT_THAT(job("llm-" + request), HasSubstr(R"("url":")" + by_name)) << "it keeps its URL";
}

TEST_F(Attachments, OnlyExactNamesAreServedAndToEverybody) {
    discord.put("/attachments/1/2/a.png", "bytes");
    std::ofstream(fs::path(directory) / "secret") << "secret";
    const auto request = request_id(generate(attachment("a.png")));

    const auto head = send({.method = "HEAD", .path = "/temp-attachments/" + request + "/a.png"});

    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.find("Content-Length"), "5");
    EXPECT_EQ(head.body, "");
    for (const std::string& name : {std::string("b.png"), std::string("..%2Fsecret"),
                                    std::string("..%2f" + request + "%2fa.png"),
                                    std::string("%2E%2E"), std::string("a.png%00")}) {
        expect_error(file(request, name), 404, "NOT_FOUND");
    }
    expect_error(file("..", "secret"), 404, "NOT_FOUND");
    expect_error(file("%2E", "secret"), 404, "NOT_FOUND");
    expect_error(file(some_request, "a.png"), 404, "NOT_FOUND");
}

TEST_F(Attachments, StoppingDoesNotWaitForDiscord) {
    auto chosen = with();
    chosen.dedup_window = 60s;
    chosen.attachments.pool.deadline = 60s;
    start_with(std::move(chosen));
    discord.hold_until(100);
    http::Response answered;
    std::jthread asking([&] { answered = generate(attachment("slow.png")); });
    ASSERT_TRUE(eventually([this] { return discord.asked().size() == 1; }));
    const TimePoint begun = Boottime::now();

    gateway_->stop();

    EXPECT_LT(Boottime::now() - begun, 4s);
    asking.join();
    EXPECT_THAT(job("llm-" + request_id(answered)), HasSubstr(theirs("slow.png")));
}

TEST_F(Attachments, WhatACrashLeftBehindGoesAtTheNextStart) {
    gateway_.reset();
    const fs::path left = fs::path(directory) / some_request;
    fs::create_directory(left);
    std::ofstream(left / "a.png") << "bytes";
    fs::last_write_time(left, fs::file_time_type::clock::now() - 2h);

    start_with(with());

    EXPECT_TRUE(eventually([&] { return !fs::exists(left); }));
}

TEST_F(Attachments, FolderThatCannotBeWrittenKeepsTheGatewayFromStarting) {
    auto chosen = with();
    chosen.attachment_dir = "/proc/self";

    const auto started = gateway::Gateway::start(chosen);

    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message(), HasSubstr("ATTACHMENT_DIR"));
}

TEST(AttachmentCleanupThread, TakesTheFilesOfAJobThatHasEnded) {
    const TemporaryFolder folder;
    const auto store =
        *gateway::attachments::AttachmentStore::open({.directory = folder.file("files")});
    ASSERT_TRUE(store->save(some_request, "a.png", "bytes"));
    gateway::attachments::AttachmentCleanup cleanup(*store, {.after_job = 50ms});
    cleanup.start();

    cleanup.job_ended(std::string("llm-") + some_request);

    EXPECT_TRUE(store->read(some_request, "a.png"));
    EXPECT_TRUE(eventually([&] { return !store->read(some_request, "a.png"); }));
}

}  // namespace
}  // namespace tutti::services
