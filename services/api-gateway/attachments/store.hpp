// The files of requests that run: what a user has attached, kept on disk until the job has ended,
// because the URL that Discord gives for it lapses, and workers read ours.
//
//     <directory>/<request id>/<file name>
//
// Nothing that comes from a user or a URL decides about a path: a request id must be a UUID as the
// gateway makes them, a file name one segment without anything that a file system takes for more,
// and no symbolic link below the directory is followed. A file appears under its name when all of
// it is there.
//
// Bounded in bytes, small files rounded up, so that their number is bounded too. A full store
// refuses until a tenth of it is free again, and says so once. Several gateways may share a
// directory: each counts what it adds, and the whole of it again in each sweep.
//
// Thread-safety: all functions may be called from any thread. Blocking: for the disk.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::attachments {

class AttachmentStore {
public:
    using WallTime = std::chrono::system_clock::time_point;  // what a file system notes

    struct Options {
        std::string directory;
        std::uint64_t bytes_max = 1ULL << 30U;
    };
    static constexpr std::size_t file_bytes_max = 25U << 20U;  // Discord's own ordinary limit

    // Makes the directory, for this user only, when it is not there, and tries to write in it.
    // Files that are there count. Errors: invalid_option (no folder, and none can be made), refused
    // (cannot be written).
    [[nodiscard]] static Result<std::unique_ptr<AttachmentStore>> open(const Options& options);

    // Requires: the name is of `safe_file_name`. Errors: invalid_option (the id or the name),
    // too_large, overloaded (the store is full), unavailable (the disk).
    Result<void> save(std::string_view request_id, std::string_view name, std::string_view bytes);
    // Nothing when there is no such file, also for ids and names that cannot be.
    [[nodiscard]] std::optional<std::string> read(std::string_view request_id,
                                                  std::string_view name) const;
    // With all its files; nothing to do is fine.
    void remove(std::string_view request_id);
    // Every request that has had no new file since; what a crash left behind, too. Looks only at
    // folders that are named like a request.
    void remove_older_than(WallTime limit);

    // Since a file was refused for want of room. A caller that asks first need not download it.
    [[nodiscard]] bool full() const;
    [[nodiscard]] std::uint64_t bytes() const;

private:
    explicit AttachmentStore(const Options& options) : options_(options) {}

    [[nodiscard]] std::filesystem::path folder(std::string_view request_id) const;
    Result<void> write(std::string_view request_id, const std::string& name,
                       std::string_view bytes);
    bool take(std::uint64_t bytes);
    void settle(std::uint64_t bytes, const Result<void>& saved);
    void give_back(std::uint64_t bytes);
    void count_again();

    const Options options_;
    std::atomic<std::uint64_t> parts_{0};  // names of files that are being written
    mutable detail::Mutex mutex_;
    std::uint64_t used_ TUTTI_GUARDED_BY(mutex_) = 0;     // `writing_` included
    std::uint64_t writing_ TUTTI_GUARDED_BY(mutex_) = 0;  // of files that a count may not see yet
    bool full_ TUTTI_GUARDED_BY(mutex_) = false;
};

// A UUID as the gateway makes them: 36 characters, lower case.
[[nodiscard]] bool is_request_id(std::string_view text);

// One segment of a path, near to what a user has called the file: slashes, backslashes and control
// characters are replaced, so is a dot at the beginning; long names are cut before their extension.
// Empty when the name is.
[[nodiscard]] std::string safe_file_name(std::string_view name);
// `name`, or with a number in it when that is `taken` already.
[[nodiscard]] std::string numbered_file_name(const std::string& name, std::size_t number);

}  // namespace tutti::services::gateway::attachments
