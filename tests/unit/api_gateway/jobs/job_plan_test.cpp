#include "api-gateway/jobs/job_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "unit/api_gateway/json_text.hpp"

namespace tutti::services::gateway::jobs {
namespace {

using boost::json::value;
using testing::as_json;
using ::testing::ElementsAre;

const JobIds ids{.request_id = "r", .job_id = "llm-r"};

std::vector<services::jobs::Job> plan(std::string_view context) {
    const auto request = GenerateRequest::parse(
        R"({"personality":{"name":"maestro"},"message":"hello","userApiKey":"k",
            "context":{"userId":"7","channelId":"500")" +
        std::string(context) + "}}");
    EXPECT_TRUE(request) << request.error().message();
    return plan_jobs(*request, ids).value();
}

value data_of(const services::jobs::Job& job) { return as_json(job.data); }

std::vector<std::string> names(const std::vector<services::jobs::Job>& jobs) {
    std::vector<std::string> all;
    for (const services::jobs::Job& job : jobs) all.push_back(job.name + ' ' + job.job_id);
    return all;
}

std::string attachment(const char* type, const char* name = "a") {
    return R"({"url":"https://cdn.discordapp.com/)" + std::string(name) + R"(","contentType":")" +
           type + "\"}";
}

TEST(JobPlan, TextNeedsOneJob) {
    const auto jobs = plan("");

    ASSERT_THAT(names(jobs), ElementsAre("llm-generation llm-r"));
    const auto data = data_of(jobs[0]);
    EXPECT_EQ(data.at("requestId"), "r");
    EXPECT_EQ(data.at("jobType"), "llm-generation");
    EXPECT_EQ(data.at("message"), "hello");
    EXPECT_EQ(data.at("personality").at("name"), "maestro");
    EXPECT_EQ(data.at("userApiKey"), "k");
    EXPECT_TRUE(data.at("dependencies").as_array().empty());
    EXPECT_EQ(jobs[0].request_id, "r");
}

TEST(JobPlan, TraceOfTheRequestGoesIntoEveryJobAndWhatItsBodySaysOfOneDoesNot) {
    const auto request = GenerateRequest::parse(
        R"({"personality":{"name":"maestro"},"message":"hello","traceparent":5,
            "context":{"userId":"7","attachments":[)" +
        attachment("image/png") + ',' + attachment("audio/ogg") + "]}}");
    ASSERT_TRUE(request) << request.error().message();

    const auto traced = plan_jobs(*request, ids, "00-a-b-01");
    const auto untraced = plan_jobs(*request, ids);

    ASSERT_TRUE(traced && untraced);
    ASSERT_EQ(traced->size(), 3U);
    for (const auto& job : *traced) EXPECT_EQ(data_of(job).at("traceparent"), "00-a-b-01");
    for (const auto& job : *untraced) {
        EXPECT_FALSE(data_of(job).as_object().contains("traceparent"));
    }
}

TEST(JobPlan, RecordingsGoAloneAndImagesTogether) {
    const auto jobs = plan(",\"attachments\":[" + attachment("audio/ogg", "one") + ',' +
                           attachment("image/png") + ',' + attachment("video/mp4") + ',' +
                           attachment("image/gif") + ',' + attachment("audio/mpeg", "two") + ']');

    ASSERT_THAT(
        names(jobs),
        ElementsAre("audio-transcription audio-r-audio-0", "audio-transcription audio-r-audio-1",
                    "image-description image-r-image", "llm-generation llm-r"));
    EXPECT_EQ(data_of(jobs[1]).at("attachment").at("url"), "https://cdn.discordapp.com/two");
    EXPECT_EQ(data_of(jobs[2]).at("attachments").as_array().size(), 2U);
    EXPECT_EQ(data_of(jobs[2]).at("personality").at("name"), "maestro");
    EXPECT_EQ(data_of(jobs[3]).at("context").at("attachments").at(0).at("originalUrl"),
              "https://cdn.discordapp.com/one");
}

TEST(JobPlan, ReplyNamesWhatItDependsOn) {
    const auto jobs = plan(",\"attachments\":[" + attachment("image/png") + ']');

    const auto dependencies = data_of(jobs.back()).at("dependencies");
    EXPECT_EQ(dependencies, as_json(R"([{"jobId":"image-r-image","type":"image-description",
        "status":"queued"}])"));
    EXPECT_THAT(jobs.back().children, ElementsAre("image-r-image"));
    EXPECT_TRUE(jobs.front().children.empty());
}

TEST(JobPlan, OnlyTheReplyGoesToTheBotsAndSaysWhere) {
    const auto jobs = plan(R"(,"messageId":"900","attachments":[)" + attachment("image/png") + ']');

    EXPECT_EQ(jobs.front().reply, services::jobs::ReplyTo{});
    EXPECT_EQ(jobs.back().reply, (services::jobs::ReplyTo{.channel = "500", .reference = "900"}));
    const auto direct = GenerateRequest::parse(
        R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7"}})");
    EXPECT_EQ(plan_jobs(*direct, ids)->back().reply.channel, "dm");
}

TEST(JobPlan, ReferencedMessagesHaveJobsOfTheirOwn) {
    const auto jobs = plan(R"(,"referencedMessages":[{"referenceNumber":1},
        {"referenceNumber":2,"attachments":[)" +
                           attachment("audio/ogg") + ',' + attachment("image/png") + "]}]");

    ASSERT_THAT(names(jobs),
                ElementsAre("audio-transcription audio-r-ref2-audio-0",
                            "image-description image-r-ref2-image", "llm-generation llm-r"));
    EXPECT_EQ(data_of(jobs[0]).at("sourceReferenceNumber"), 2);
    EXPECT_EQ(data_of(jobs[1]).at("sourceReferenceNumber"), 2);
    EXPECT_EQ(data_of(jobs[1]).at("context").at("channelId"), "500");
}

// What is said once in a request is said to every worker that has a part of it.
TEST(JobPlan, ASmallRequestDoesNotBecomeALargePlan) {
    std::string messages;
    for (int i = 0; i < 50; ++i) {
        messages +=
            std::string(i == 0 ? "" : ",") + R"({"attachments":[)" + attachment("image/png") + "]}";
    }
    const auto request = GenerateRequest::parse(
        R"({"personality":{"name":"m","x":")" + std::string(600U << 10U, 'x') +
        R"("},"message":"hello","context":{"userId":"7","referencedMessages":[)" + messages +
        "]}}");
    ASSERT_TRUE(request) << request.error().message();

    const auto jobs = plan_jobs(*request, ids);

    ASSERT_FALSE(jobs);
    EXPECT_EQ(jobs.error().code, Errc::too_large);
}

TEST(JobPlan, ARequestBecomesABoundedNumberOfJobs) {
    std::string recordings = attachment("audio/ogg");
    for (int i = 1; i < 50; ++i) recordings += ',' + attachment("audio/ogg");
    std::string messages = R"({"attachments":[)" + recordings + "]}";
    for (int i = 1; i < 6; ++i) messages += R"(,{"attachments":[)" + recordings + "]}";
    const auto request = GenerateRequest::parse(
        R"({"personality":{"name":"m"},"message":"hello","context":{"userId":"7",
            "referencedMessages":[)" +
        messages + "]}}");
    ASSERT_TRUE(request) << request.error().message();

    EXPECT_EQ(plan_jobs(*request, ids).error().code, Errc::too_large);
}

// The largest body that the server takes, with the attachments that Discord allows.
TEST(JobPlan, TheLargestOrdinaryRequestFits) {
    const auto jobs = plan(R"(,"history":")" + std::string((9U << 20U) + (900U << 10U), 'x') +
                           R"(","attachments":[)" + attachment("image/png") + ',' +
                           attachment("audio/ogg") + "]");

    EXPECT_EQ(jobs.size(), 3U);
}

}  // namespace
}  // namespace tutti::services::gateway::jobs
