// What the gateway says when it cannot start, and how fast it does when it can.
#include <sys/fsuid.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
namespace fs = std::filesystem;

class GatewayStart : public ::testing::Test {
protected:
    Error error_for(const std::string& path, std::string secret = secret_text,
                    std::uint16_t port = 0) {
        const auto started = start_gateway(
            {.port = port, .database_path = path, .secret = process::Secret(std::move(secret))});
        EXPECT_FALSE(started);
        return started ? Error{} : started.error();
    }

    TemporaryFolder folder_;
};

TEST_F(GatewayStart, TakesLessThanAFifthOfASecond) {
    auto best = Duration::max();
    for (const char* name :
         {"a.db", "b.db", "c.db"}) {  // the best: other tests may run beside this one
        const auto before = Boottime::now();
        ASSERT_TRUE(
            start_gateway({.database_path = folder_.file(name), .secret = process::Secret("s")}));
        best = std::min(best, Boottime::now() - before);
    }

    EXPECT_LT(best, 200ms);
}

TEST_F(GatewayStart, MissingSecretIsRefused) {
    const auto error = error_for(folder_.file("a.db"), "");

    EXPECT_EQ(error.code, Errc::invalid_option);
    EXPECT_TRUE(error.cause.contains("INTERNAL_SERVICE_SECRET"));
    EXPECT_FALSE(fs::exists(folder_.file("a.db")));
}

TEST_F(GatewayStart, FolderInsteadOfAFileIsNamed) {
    const auto error = error_for(folder_.file(""));

    EXPECT_EQ(error.code, Errc::invalid_option);
    EXPECT_TRUE(error.cause.contains("is a folder")) << error.cause;
}

TEST_F(GatewayStart, MissingFolderIsNamed) {
    const auto error = error_for(folder_.file("none/a.db"));

    EXPECT_EQ(error.code, Errc::invalid_option);
    EXPECT_TRUE(error.cause.contains("there is no folder")) << error.cause;
}

TEST_F(GatewayStart, DatabaseInMemoryOrOnADeviceIsRefused) {
    EXPECT_EQ(error_for(":memory:").code, Errc::invalid_option);
    EXPECT_EQ(error_for("/dev/null").code, Errc::invalid_option);
    EXPECT_EQ(error_for("").code, Errc::invalid_option);
}

TEST_F(GatewayStart, FolderThatCannotBeWrittenIsNamed) {
    // Not even root may create a file in /proc.
    const auto error = error_for("/proc/tutti.db");

    EXPECT_EQ(error.code, Errc::refused);
    EXPECT_TRUE(error.cause.contains("cannot write /proc/tutti.db")) << error.cause;
}

// File access as another user, for this thread: root may write everywhere.
class Unprivileged {
public:
    Unprivileged() { ::setfsuid(65'534); }
    ~Unprivileged() { ::setfsuid(::geteuid()); }
    Unprivileged(const Unprivileged&) = delete;
    Unprivileged& operator=(const Unprivileged&) = delete;
};

TEST_F(GatewayStart, ReadOnlyFolderIsNamedWithAndWithoutADatabaseInIt) {
    fs::permissions(folder_.file(""), fs::perms(0755));
    fs::create_directory(folder_.file("ro"));
    {
        ASSERT_TRUE(start_gateway(
            {.database_path = folder_.file("ro/old.db"), .secret = process::Secret("s")}));
    }
    fs::permissions(folder_.file("ro"), fs::perms(0555));
    fs::permissions(folder_.file("ro/old.db"), fs::perms(0444));

    for (const char* name : {"ro/new.db", "ro/old.db"}) {
        const Unprivileged user;
        const auto error = error_for(folder_.file(name));
        EXPECT_EQ(error.code, Errc::refused) << error.message();
        EXPECT_TRUE(error.cause.contains("cannot write " + folder_.file(name))) << error.cause;
    }
    fs::permissions(folder_.file("ro"), fs::perms(0755));
}

TEST_F(GatewayStart, FileThatIsNoDatabaseIsNamedAndLeftAlone) {
    const std::string path = folder_.file("a.db");
    std::ofstream(path) << std::string(8192, 'x');

    const auto error = error_for(path);

    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_TRUE(error.cause.contains("is not an SQLite database")) << error.cause;
    EXPECT_EQ(fs::file_size(path), 8192U);
}

TEST_F(GatewayStart, CorruptDatabaseIsNamed) {
    const std::string path = folder_.file("a.db");
    {
        ASSERT_TRUE(start_gateway({.database_path = path, .secret = process::Secret("s")}));
    }
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096);
        file << std::string(20'000, '\x7f');
    }

    const auto error = error_for(path);

    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_TRUE(error.cause.contains("corrupt")) << error.cause;
}

TEST_F(GatewayStart, NewerSchemaIsRefused) {
    const std::string path = folder_.file("a.db");
    {
        ASSERT_TRUE(start_gateway({.database_path = path, .secret = process::Secret("s")}));
    }
    execute(path, "INSERT INTO schema_migrations VALUES (1000, '')");

    const auto error = error_for(path);

    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_TRUE(error.cause.contains("version 1000")) << error.cause;
}

TEST_F(GatewayStart, PathsWithSpacesAndEqualsSignsWork) {
    const auto started = start_gateway(
        {.database_path = folder_.file("a b=c timeout=1.db"), .secret = process::Secret("s")});

    ASSERT_TRUE(started) << started.error().message();
    EXPECT_TRUE(fs::exists(folder_.file("a b=c timeout=1.db")));
}

TEST_F(GatewayStart, PortInUseIsNamed) {
    const auto first =
        start_gateway({.database_path = folder_.file("a.db"), .secret = process::Secret("s")});
    ASSERT_TRUE(first);
    const auto port = (*first)->port();

    const auto error = error_for(folder_.file("b.db"), "s", port);

    EXPECT_EQ(error.code, Errc::unavailable);
    EXPECT_TRUE(error.cause.contains("port " + std::to_string(port))) << error.cause;
    EXPECT_TRUE(error.cause.contains("in use")) << error.cause;
}

TEST_F(GatewayStart, StoppedGatewayFreesItsPortAndFile) {
    std::uint16_t port = 0;
    {
        const auto first =
            start_gateway({.database_path = folder_.file("a.db"), .secret = process::Secret("s")});
        ASSERT_TRUE(first);
        port = (*first)->port();
        (*first)->stop();
        (*first)->stop();
        EXPECT_FALSE(RawConnection(port).connected());
    }

    EXPECT_TRUE(start_gateway(
        {.port = port, .database_path = folder_.file("a.db"), .secret = process::Secret("s")}));
}

}  // namespace
}  // namespace tutti::services
