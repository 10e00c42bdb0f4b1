// A child that fork() makes of the test's process, as it is at that moment.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace tests {

// ThreadSanitizer ends a forked child that makes a thread.
#ifdef __has_feature
inline constexpr bool child_may_have_threads = !__has_feature(thread_sanitizer);
#else
inline constexpr bool child_may_have_threads = true;
#endif

inline bool in_the_child = false;

}  // namespace tests

// LeakSanitizer asks for this before it looks for leaks. Of the parent's threads the child has
// none, and what they own looks like a leak.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): its name for it
extern "C" [[gnu::used]] inline int __lsan_is_turned_off() { return tests::in_the_child ? 1 : 0; }

namespace tests {

// What `body` returns in the child, or what the child gives to exit(); minus the signal that ended
// it. SIGALRM ends a child that hangs.
template <class Body>
int in_child(Body body, unsigned seconds = 20) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(seconds);
        in_the_child = true;
        ::_exit(body());
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace tests
