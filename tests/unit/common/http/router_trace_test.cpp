// A request belongs to the trace that its header names.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/http/router.hpp"
#include "common/process/span.hpp"
#include "common/process/trace_context.hpp"

namespace tutti::services::http {
namespace {

const std::string foreign = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct Kept final : process::SpanSink {
    void ended(process::SpanRecord record) noexcept override {
        records.push_back(std::move(record));
    }
    [[nodiscard]] process::SpanFigures figures() const override { return {}; }

    std::vector<process::SpanRecord> records;
};

class TracedRequests : public ::testing::Test {
protected:
    TracedRequests() {
        process::begin_traces(kept_);
        const auto answer = [this](const Request&) {
            within_ = process::present_traceparent();
            return Response{.status = status_};
        };
        router_.add("GET", "/user/:id", answer);
        router_.add("GET", "/health", answer,
                    {.kind = RouteKind::observability, .guard = {}, .body_bytes_max = {}});
    }
    ~TracedRequests() override { process::end_traces(); }

    void get(const std::string& path, const std::vector<Headers::Field>& fields = {}) {
        Request request{.path = path};
        for (const auto& [name, value] : fields) request.headers.add(name, value);
        (void)router_.handle(std::move(request));
    }

    std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
    Router router_;
    int status_ = 200;
    std::string within_;
};

TEST_F(TracedRequests, AreNamedByTheirRouteAndNotByWhatUsersWrote) {
    get("/user/secret-name", {{"Traceparent", foreign}});

    ASSERT_EQ(kept_->records.size(), 1U);
    EXPECT_EQ(kept_->records[0].name, "GET /user/:id");
    EXPECT_EQ(kept_->records[0].parent_id, "00f067aa0ba902b7");
    EXPECT_EQ(within_, kept_->records[0].context.traceparent());
}

TEST_F(TracedRequests, BeginATraceWhenTheHeaderIsMalformedOrThereTwice) {
    get("/user/1", {{"traceparent", "00-nonsense"}});
    get("/user/1", {{"traceparent", foreign}, {"TraceParent", foreign}});

    ASSERT_EQ(kept_->records.size(), 2U);
    for (const auto& record : kept_->records) {
        EXPECT_EQ(record.parent_id, "");
        EXPECT_NE(record.context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }
}

TEST_F(TracedRequests, FailWhenTheyAreAnsweredSo) {
    status_ = 503;
    get("/user/1");
    status_ = 404;
    get("/user/1");

    ASSERT_EQ(kept_->records.size(), 2U);
    EXPECT_TRUE(kept_->records[0].failed);
    EXPECT_FALSE(kept_->records[1].failed) << "the caller's mistake";
}

TEST_F(TracedRequests, OfMonitoringAreNone) {
    get("/health", {{"traceparent", foreign}});

    EXPECT_TRUE(kept_->records.empty());
    EXPECT_EQ(within_, "");
}

}  // namespace
}  // namespace tutti::services::http
