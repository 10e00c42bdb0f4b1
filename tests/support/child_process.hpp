// A child that fork() makes of the test's process, as it is at that moment.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace tests {

// What `body` returns in the child, or what the child gives to exit(); minus the signal that ended it.
// SIGALRM ends a child that hangs.
template <class Body>
int in_child(Body body, unsigned seconds = 20) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(seconds);
        ::_exit(body());
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace tests
