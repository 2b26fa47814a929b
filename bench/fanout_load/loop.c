/* The least that a websocket room can be: epoll, and one send() for each viewer and message. No checks, no features.
 *
 * loop <port>
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 65536
/* The accept value of the one key that the load client sends. */
static const char UPGRADED[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static int viewers[MOST], count, upgraded[MOST];

static void watch(int poller, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
        perror("loop");
        exit(1);
    }
    return fd;
}

static void accept_all(int poller, int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        upgraded[fd] = 0;
        watch(poller, fd);
    }
}

static void forget(int fd) {
    close(fd);
    for (int i = 0; i < count; i++)
        if (viewers[i] == fd)
            viewers[i--] = viewers[--count];
}

static void broadcast(const unsigned char *text, size_t size) {
    static char frame[MOST];
    size_t at = 0;
    frame[at++] = (char)0x81;
    if (size < 126) {
        frame[at++] = size;
    } else {
        frame[at++] = 126;
        frame[at++] = size >> 8;
        frame[at++] = size & 255;
    }
    memcpy(frame + at, text, size);
    for (int i = 0; i < count; i++)
        send(viewers[i], frame, at + size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The load client sends whole frames, so one read holds whole frames. */
static void take(unsigned char *data, ssize_t size) {
    for (ssize_t at = 0; at + 6 <= size;) {
        size_t length = data[at + 1] & 127, header = 2;
        if (length == 126)
            length = data[at + 2] << 8 | data[at + 3], header = 4;
        unsigned char *mask = data + at + header, *text = mask + 4;
        for (size_t i = 0; i < length; i++)
            text[i] ^= mask[i & 3];
        if ((data[at] & 15) == 1)
            broadcast(text, length);
        at += header + 4 + length;
    }
}

int main(int argc, char **argv) {
    static unsigned char data[MOST];
    static struct epoll_event events[512];
    int listener = listen_on(argc > 1 ? atoi(argv[1]) : 0), poller = epoll_create1(0);
    watch(poller, listener);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(poller, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(poller, listener);
                continue;
            }
            ssize_t size = recv(fd, data, sizeof data, 0);
            if (size <= 0) {
                forget(fd);
            } else if (!upgraded[fd]) {
                upgraded[fd] = 1;
                send(fd, UPGRADED, strlen(UPGRADED), MSG_NOSIGNAL);
                viewers[count++] = fd;
            } else {
                take(data, size);
            }
        }
    }
}
