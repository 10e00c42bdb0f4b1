// Folders and files are opened by descriptors that follow no link, so a program that can write in
// the directory can make the gateway read or overwrite something else.
//
// Invariant: a file is counted before it is written, and until it is removed, so the bound holds.
#include "api-gateway/attachments/store.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "common/domain/uuid.hpp"
#include "common/process/logging.hpp"
#include "common/process/text.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::gateway::attachments {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_length_max = 200;
constexpr std::size_t name_length_kept = 190;  // leaves room for a number
constexpr std::size_t extension_length_max = 16;
constexpr std::uint64_t block_bytes = 4096;
constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0600;
constexpr const char* operation = "attachment store";

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

std::string reason(int error) { return std::generic_category().message(error); }

Result<void> disk_failed(const char* what) {
    return fail(Errc::unavailable, operation, std::string(what) + ": " + reason(errno));
}

bool unsafe(char c) {
    return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
}

bool is_file_name(std::string_view name) {
    return !name.empty() && name.size() <= name_length_max && name.front() != '.' &&
           std::ranges::none_of(name, unsafe);
}

// Where the extension begins, dot included; the end when there is none.
std::size_t extension_at(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    const bool usable =
        dot != std::string_view::npos && dot > 0 && name.size() - dot <= extension_length_max;
    return usable ? dot : name.size();
}

std::uint64_t in_blocks(std::uint64_t bytes) { return (bytes / block_bytes + 1) * block_bytes; }

int open_folder(const fs::path& path) {
    return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

Result<void> write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return disk_failed("cannot write a file");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> write_new_file(int folder, const std::string& name, std::string_view bytes) {
    const Descriptor file(::openat(
        folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode));
    if (!file) return disk_failed("cannot make a file");
    return write_all(file.get(), bytes);
}

std::optional<std::string> read_file(int file) {
    struct stat about{};
    if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
    const auto size = static_cast<std::uint64_t>(about.st_size);
    if (size > AttachmentStore::file_bytes_max) return std::nullopt;
    std::string bytes(size, '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
        const auto more = ::read(file, bytes.data() + got, bytes.size() - got);
        if (more < 0 && errno == EINTR) continue;
        if (more <= 0) return std::nullopt;
        got += static_cast<std::size_t>(more);
    }
    return bytes;
}

// What the files of a request take; nothing for whatever else may stand there.
std::uint64_t measure(const fs::path& folder) {
    std::error_code error;
    if (fs::symlink_status(folder, error).type() != fs::file_type::directory) return 0;
    std::uint64_t bytes = 0;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        struct stat about{};
        if (::lstat(at->path().c_str(), &about) == 0) {
            bytes += in_blocks(static_cast<std::uint64_t>(about.st_size));
        }
    }
    return bytes;
}

std::vector<fs::path> request_folders(const fs::path& directory) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        if (is_request_id(at->path().filename().native())) found.push_back(at->path());
    }
    return found;
}

Result<void> make_directory(const std::string& directory) {
    const auto wrong = [](Errc code, std::string cause) {
        return fail(code, "ATTACHMENT_DIR", std::move(cause));
    };
    if (::mkdir(directory.c_str(), folder_mode) != 0 && errno != EEXIST) {
        const bool no_parent = errno == ENOENT || errno == ENOTDIR;
        return wrong(no_parent ? Errc::invalid_option : Errc::refused,
                     "cannot make the folder " + directory + ": " + reason(errno) +
                         "; make it, or name one that this user may write");
    }
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
        return wrong(Errc::invalid_option, directory + " is not a folder");
    }
    std::string probe = directory + "/.probe-XXXXXX";
    if (::mkdtemp(probe.data()) == nullptr) {
        return wrong(Errc::refused, "cannot write in " + directory + ": " + reason(errno) +
                                        "; name a folder that this user may write");
    }
    ::rmdir(probe.c_str());
    return {};
}

}  // namespace

bool is_request_id(std::string_view text) {
    return domain::is_uuid(text) && to_lower(text) == text;
}

std::string safe_file_name(std::string_view name) {
    std::string safe(name);
    std::ranges::replace_if(safe, unsafe, '_');
    if (safe.starts_with('.')) safe.front() = '_';
    if (safe.size() <= name_length_kept) return safe;
    const std::string extension = safe.substr(extension_at(safe));
    const std::size_t kept = name_length_kept - extension.size();
    return std::string(process::cut_utf8(safe, kept)) + extension;
}

std::string numbered_file_name(const std::string& name, std::size_t number) {
    std::string numbered = name;
    return numbered.insert(extension_at(name), "-" + std::to_string(number));
}

Result<std::unique_ptr<AttachmentStore>> AttachmentStore::open(const Options& options) {
    if (auto made = make_directory(options.directory); !made) return fail(std::move(made).error());
    // Absolute: it must stay the same wherever the process goes.
    Options absolute = options;
    absolute.directory = fs::absolute(options.directory).string();
    std::unique_ptr<AttachmentStore> store(new AttachmentStore(absolute));
    store->count_again();
    return store;
}

fs::path AttachmentStore::folder(std::string_view request_id) const {
    return fs::path(options_.directory) / request_id;
}

Result<void> AttachmentStore::save(std::string_view request_id, std::string_view name,
                                   std::string_view bytes) {
    if (!is_request_id(request_id) || !is_file_name(name)) {
        return fail(Errc::invalid_option, operation, "not a request's id or not a file name");
    }
    if (bytes.size() > file_bytes_max) {
        return fail(Errc::too_large, operation, "the file is over the limit");
    }
    const std::uint64_t taken = in_blocks(bytes.size());
    if (!take(taken)) return fail(Errc::overloaded, operation, "it is full");
    auto saved = write(request_id, std::string(name), bytes);
    settle(taken, saved);
    return saved;
}

Result<void> AttachmentStore::write(std::string_view request_id, const std::string& name,
                                    std::string_view bytes) {
    const fs::path path = folder(request_id);
    if (::mkdir(path.c_str(), folder_mode) != 0 && errno != EEXIST) {
        return disk_failed("cannot make the folder of a request");
    }
    const Descriptor opened(open_folder(path));
    if (!opened) return disk_failed("cannot open the folder of a request");
    const std::string part = ".part-" + std::to_string(++parts_);
    auto written = write_new_file(opened.get(), part, bytes);
    if (written && ::renameat(opened.get(), part.c_str(), opened.get(), name.c_str()) != 0) {
        written = disk_failed("cannot name a file");
    }
    if (!written) ::unlinkat(opened.get(), part.c_str(), 0);
    return written;
}

std::optional<std::string> AttachmentStore::read(std::string_view request_id,
                                                 std::string_view name) const {
    if (!is_request_id(request_id) || !is_file_name(name)) return std::nullopt;
    const Descriptor opened(open_folder(folder(request_id)));
    if (!opened) return std::nullopt;
    // Without waiting for the other end of a pipe that may lie there.
    const Descriptor file(::openat(opened.get(), std::string(name).c_str(),
                                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return std::nullopt;
    return read_file(file.get());
}

void AttachmentStore::remove(std::string_view request_id) {
    if (!is_request_id(request_id)) return;
    const fs::path path = folder(request_id);
    const std::uint64_t bytes = measure(path);
    std::error_code error;
    fs::remove_all(path, error);
    if (error) {
        return log::warn("attachments cannot be removed",
                         "request " + std::string(request_id) + ": " + error.message());
    }
    give_back(bytes);
}

void AttachmentStore::remove_older_than(WallTime limit) {
    for (const fs::path& path : request_folders(options_.directory)) {
        struct stat about{};
        if (::lstat(path.c_str(), &about) != 0) continue;
        const auto changed = WallTime{std::chrono::duration_cast<WallTime::duration>(
            std::chrono::seconds{about.st_mtim.tv_sec} +
            std::chrono::nanoseconds{about.st_mtim.tv_nsec})};
        if (changed < limit) remove(path.filename().native());
    }
    count_again();
}

bool AttachmentStore::full() const {
    const detail::Lock lock(mutex_);
    return full_;
}

std::uint64_t AttachmentStore::bytes() const {
    const detail::Lock lock(mutex_);
    return used_;
}

bool AttachmentStore::take(std::uint64_t bytes) {
    {
        const detail::Lock lock(mutex_);
        if (full_) return false;
        if (used_ + bytes <= options_.bytes_max) {
            used_ += bytes;
            writing_ += bytes;
            return true;
        }
        full_ = true;
    }
    log::warn("ATTACHMENT_DIR is full",
              std::to_string(options_.bytes_max) +
                  " bytes; attachments keep their URLs until jobs have ended");
    return false;
}

void AttachmentStore::settle(std::uint64_t bytes, const Result<void>& saved) {
    {
        const detail::Lock lock(mutex_);
        writing_ -= bytes;
    }
    if (!saved) give_back(bytes);
}

void AttachmentStore::give_back(std::uint64_t bytes) {
    const detail::Lock lock(mutex_);
    used_ -= std::min(used_, bytes);
    full_ = full_ && used_ > options_.bytes_max / 10 * 9;
}

// A file that ends being written meanwhile may count twice or not at all until the next time.
void AttachmentStore::count_again() {
    std::uint64_t counted = 0;
    for (const fs::path& path : request_folders(options_.directory)) counted += measure(path);
    {
        const detail::Lock lock(mutex_);
        used_ = counted + writing_;
    }
    give_back(0);
}

}  // namespace tutti::services::gateway::attachments
