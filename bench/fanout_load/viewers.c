#define _GNU_SOURCE
#include "viewers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BEAT_SECONDS 15
#define IN_FLIGHT 64 /* handshakes at a time */
#define LONGEST 65536

enum state { CONNECTING, UPGRADING, GREETING, READY, GONE };
struct viewer {
    int fd;
    enum state state;
    uint32_t kept, capacity;
    char *part; /* the beginning of a frame whose end has not come yet */
};

struct crowd crowd;
static struct viewer *viewers;
static int poller;
static int64_t began_us;
static long beats;

int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* delays: 10 us steps up to 100 ms, then 1 ms steps up to 30 s */

#define FINE 10000
#define COARSE 30000
static uint32_t delays[FINE + COARSE];
static uint64_t delays_count;

void reset_delays(void) {
    memset(delays, 0, sizeof delays);
    delays_count = 0;
}

static void note_delay(int64_t us) {
    int64_t step = us < 0 ? 0 : us < 100000 ? us / 10 : FINE + us / 1000;
    delays[step < FINE + COARSE ? step : FINE + COARSE - 1]++;
    delays_count++;
}

double delay_ms(double share) {
    uint64_t wanted = share * delays_count, seen = 0;
    for (int i = 0; i < FINE + COARSE; i++)
        if (delays[i] && (seen += delays[i]) >= wanted)
            return i < FINE ? i / 100.0 : i - FINE;
    return -1;
}

/* one viewer */

static void watch(int number, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = number};
    epoll_ctl(poller, operation, viewers[number].fd, &event);
}

static void lose(int number, const char *reason) {
    struct viewer *v = &viewers[number];
    if (v->state == GONE)
        return;
    if (crowd.gone < 3)
        fprintf(stderr, "viewer %d: %s (%s)\n", number, reason, strerror(errno));
    crowd.ready -= v->state == READY;
    v->state = GONE;
    crowd.gone++;
    close(v->fd);
}

int viewer_is_ready(int number) { return viewers[number].state == READY; }

static int send_frame(int number, int op, const char *text, size_t size) {
    static char frame[LONGEST];
    static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
    size_t at = 0;
    frame[at++] = 0x80 | op;
    if (size < 126) {
        frame[at++] = 0x80 | size;
    } else {
        frame[at++] = 0x80 | 126;
        frame[at++] = size >> 8;
        frame[at++] = size & 255;
    }
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < size; i++)
        frame[at + i] = text[i] ^ mask[i & 3];
    ssize_t sent = send(viewers[number].fd, frame, at + size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN)
        return 0;
    if (sent != (ssize_t)(at + size))
        lose(number, "cannot send");
    return 1;
}

int send_as(int number, const char *text, size_t size) { return send_frame(number, 1, text, size); }

static void become_ready(int number) {
    viewers[number].state = READY;
    crowd.ready++;
}

/* Where the time of a message stands, or NULL; mostly it is where it was in the last one. */
static const char *find_stamp(const char *text, size_t size) {
    static size_t at;
    if (at + STAMP_DIGITS > size || at < strlen(STAMP) || memcmp(text + at - strlen(STAMP), STAMP, strlen(STAMP))) {
        const char *stamp = memmem(text, size, STAMP, strlen(STAMP));
        if (!stamp || stamp + strlen(STAMP) + STAMP_DIGITS > text + size)
            return NULL;
        at = stamp + strlen(STAMP) - text;
    }
    return text + at;
}

/* Their number: pairs, then fours, then all eight in one multiplication each (little endian). */
static int64_t eight_digits(const char *text) {
    uint64_t digits;
    memcpy(&digits, text, 8);
    digits = (digits & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
    digits = (digits & 0x00ff00ff00ff00ff) * 6553601 >> 16;
    return (digits & 0x0000ffff0000ffff) * 42949672960001 >> 32;
}

static void take_message(int number, const char *text, size_t size, int64_t at) {
    struct viewer *v = &viewers[number];
    if (v->state == GREETING && memmem(text, size, crowd.ready_mark, strlen(crowd.ready_mark)))
        become_ready(number);
    if (size == 1 && text[0] == '2') { /* the ping of Engine.IO */
        send_as(number, "3", 1);
        return;
    }
    const char *digits = find_stamp(text, size);
    if (!digits || v->state != READY)
        return;
    crowd.deliveries++;
    note_delay(at - (eight_digits(digits) * 100000000 + eight_digits(digits + 8)));
}

static void take_frame(int number, int op, const char *payload, size_t size, int64_t at) {
    if (op == 9)
        send_frame(number, 10, payload, size);
    else if (op == 8)
        lose(number, "closed by the server");
    else if (op == 1 || op == 2)
        take_message(number, payload, size, at);
}

static size_t finish_upgrade(int number, char *data, size_t size) {
    char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (memcmp(data + 9, "101", 3)) {
        lose(number, "not upgraded");
        return size;
    }
    viewers[number].state = GREETING;
    if (crowd.hello)
        send_as(number, crowd.hello[number], strlen(crowd.hello[number]));
    if (!crowd.ready_mark)
        become_ready(number);
    return end + 4 - data;
}

/* Take the whole frames out of the data; how many bytes they were. */
static size_t take_frames(int number, char *data, size_t size) {
    int64_t at = now_us();
    size_t done = 0;
    while (size - done >= 2 && viewers[number].state != GONE) {
        unsigned char *head = (unsigned char *)data + done;
        size_t length = head[1] & 127, header = 2;
        if (length == 126)
            header = 4;
        else if (length == 127)
            header = 10;
        if (size - done < header)
            break;
        if (header > 2) {
            length = 0;
            for (size_t i = 2; i < header; i++)
                length = length << 8 | head[i];
        }
        if (size - done < header + length)
            break;
        take_frame(number, head[0] & 15, data + done + header, length, at);
        done += header + length;
    }
    return done;
}

static void keep(struct viewer *v, const char *data, size_t size) {
    if (v->capacity < size) {
        v->capacity = size + 4096;
        v->part = realloc(v->part, v->capacity);
    }
    memcpy(v->part, data, size);
    v->kept = size;
}

static void read_viewer(int number) {
    static char data[1 << 18];
    struct viewer *v = &viewers[number];
    size_t size = v->kept;
    memcpy(data, v->part, size);
    ssize_t got = recv(v->fd, data + size, sizeof data - size, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            lose(number, "connection lost");
        return;
    }
    crowd.bytes += got;
    crowd.reads++;
    size += got;
    v->kept = 0;
    size_t done = v->state == UPGRADING ? finish_upgrade(number, data, size) : 0;
    if (v->state == GREETING || v->state == READY)
        done += take_frames(number, data + done, size - done);
    if (v->state != GONE && done < size)
        keep(v, data + done, size - done);
}

/* all of them */

static void connect_viewer(int number) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(crowd.port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    viewers[number].part = malloc(1);
    viewers[number].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(viewers[number].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(viewers[number].fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        lose(number, "cannot connect");
    watch(number, EPOLL_CTL_ADD, EPOLLOUT);
}

static void request_upgrade(int number) {
    char request[1024];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        crowd.path, crowd.port);
    if (send(viewers[number].fd, request, size, MSG_NOSIGNAL) != size) {
        lose(number, "cannot connect");
        return;
    }
    viewers[number].state = UPGRADING;
    watch(number, EPOLL_CTL_MOD, EPOLLIN);
}

void open_crowd(double seconds) {
    int64_t until = now_us() + seconds * 1e6;
    int started = 0;
    viewers = calloc(crowd.wanted, sizeof *viewers);
    poller = epoll_create1(0);
    while (crowd.ready + crowd.gone < crowd.wanted && now_us() < until) {
        while (started < crowd.wanted && started - crowd.ready - crowd.gone < IN_FLIGHT)
            connect_viewer(started++);
        poll_crowd(50);
    }
    began_us = now_us();
}

/* Every viewer beats each BEAT_SECONDS, one after the other. */
static void beat_in_turn(void) {
    long due = (now_us() - began_us) * (double)crowd.wanted / (BEAT_SECONDS * 1e6);
    for (; beats < due; beats++)
        if (viewer_is_ready(beats % crowd.wanted))
            send_as(beats % crowd.wanted, crowd.beat, strlen(crowd.beat));
}

void poll_crowd(int ms) {
    static struct epoll_event events[512];
    if (crowd.beat && began_us)
        beat_in_turn();
    int count = epoll_wait(poller, events, 512, ms);
    for (int i = 0; i < count; i++) {
        int number = events[i].data.u32;
        if (viewers[number].state == CONNECTING)
            request_upgrade(number);
        else if (viewers[number].state != GONE)
            read_viewer(number);
    }
}

void pause_viewers(int count, int paused) {
    for (int number = 0; number < count; number++)
        if (viewer_is_ready(number))
            watch(number, EPOLL_CTL_MOD, paused ? 0 : EPOLLIN);
}
