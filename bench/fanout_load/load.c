/* The load client: one crowd of viewers, and messages published as viewers or straight to the bus.
 *
 * load <port> <path> <viewers> <hello file|-> <ready mark|-> <beat|-> <message file> <bus port|0>
 *
 * The message file is a template: 16 times '@' become the time, '~' random letters. Without a bus port the first
 * PUBLISHERS viewers send it as a text frame, with one its bytes are written there. After a line of JSON about the
 * connecting, each line of standard input is a phase, answered by a line of JSON:
 *   closed <window> <seconds>   publish as fast as everybody gets it, at most `window` messages in flight
 *   open <rate> <seconds>       publish at a steady rate
 *   pause <count>, resume <count>   so many viewers stop reading, or read again
 */
#define _GNU_SOURCE
#include "viewers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PUBLISHERS 10
#define FIRST_PUBLISHER 100 /* those before it may be paused */
#define CONNECT_SECONDS 120.0
#define DRAIN_SECONDS 10.0
#define WARM_UP 0.2 /* share of a phase that is not counted */
#define BURST 64

static char *template, *stamp;
static size_t template_size;
static int bus = -1;
static uint64_t published;

static char *read_file(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    if (!file) {
        perror(name);
        exit(2);
    }
    char *text = calloc(1, 1 << 24);
    *size = fread(text, 1, (1 << 24) - 1, file);
    fclose(file);
    return text;
}

static char **read_lines(const char *name, int count) {
    size_t size;
    char **lines = calloc(count, sizeof *lines), *rest = read_file(name, &size), *line;
    for (int i = 0; i < count; i++)
        lines[i] = (line = strsep(&rest, "\n")) ? line : "";
    return lines;
}

static void open_bus(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bus = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(bus, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("bus");
        exit(2);
    }
    setsockopt(bus, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(bus, F_SETFL, O_NONBLOCK);
}

static int send_to_bus(const char *message) {
    static char answers[1 << 16];
    while (recv(bus, answers, sizeof answers, MSG_DONTWAIT) > 0)
        ;
    ssize_t sent = send(bus, message, template_size, MSG_NOSIGNAL);
    if (sent < 0)
        return 0;
    while (sent < (ssize_t)template_size) {
        ssize_t more = send(bus, message + sent, template_size - sent, MSG_NOSIGNAL);
        sent += more > 0 ? more : 0;
    }
    return 1;
}

static int publisher(void) {
    int first = crowd.wanted > FIRST_PUBLISHER + PUBLISHERS ? FIRST_PUBLISHER : 0;
    return first + published % PUBLISHERS;
}

/* Publish a message as of `time`; 0 when the way is full. */
static int publish(int64_t time) {
    char digits[STAMP_DIGITS + 1];
    snprintf(digits, sizeof digits, "%0*lld", STAMP_DIGITS, (long long)time);
    static char *message;
    if (!message)
        message = malloc(template_size);
    for (size_t i = 0; i < template_size; i++)
        message[i] = template[i] == '~' ? 'a' + random() % 26 : template[i];
    memcpy(message + (stamp - template), digits, STAMP_DIGITS);
    if (!(bus < 0 ? send_as(publisher(), message, template_size) : send_to_bus(message)))
        return 0;
    published++;
    return 1;
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

struct phase {
    double rate, seconds; /* a rate of 0 is a closed loop */
    int window;
};

static int publish_due(const struct phase *p, uint64_t count, int64_t began, uint64_t deliveries, int listeners) {
    if (!p->rate) {
        uint64_t everybody_has = (crowd.deliveries - deliveries) / (listeners ? listeners : 1);
        return count < everybody_has + p->window && publish(now_us());
    }
    int64_t due = began + count * 1e6 / p->rate;
    return due <= now_us() && publish(due);
}

static void run(const struct phase *p, int listeners) {
    int64_t began = now_us(), end = began + p->seconds * 1e6, warm = began + p->seconds * WARM_UP * 1e6, counted = 0;
    uint64_t first = crowd.deliveries, deliveries = first, reads = 0, count = 0;
    double cpu = 0;
    while (now_us() < end) {
        if (!counted && now_us() >= warm) {
            counted = now_us(), deliveries = crowd.deliveries, reads = crowd.reads, cpu = cpu_seconds();
            reset_delays();
        }
        for (int i = 0; i < BURST && publish_due(p, count, began, first, listeners); i++)
            count++;
        int64_t next = began + count * 1e6 / (p->rate ? p->rate : 1e6);
        int wait = p->rate ? (next - now_us()) / 1000 : 1;
        poll_crowd(wait < 0 ? 0 : wait > 5 ? 5 : wait);
    }
    double took = (now_us() - counted) * 1e-6, busy = (cpu_seconds() - cpu) / took;
    uint64_t in_time = crowd.deliveries - deliveries, read = crowd.reads - reads;
    int64_t last = now_us();
    uint64_t wanted = count * listeners, seen = 0;
    while (crowd.deliveries - first < wanted && now_us() - last < DRAIN_SECONDS * 1e6) {
        poll_crowd(5);
        if (crowd.deliveries != seen)
            seen = crowd.deliveries, last = now_us();
    }
    printf("{\"deliveries\": %.0f, \"published\": %llu, \"lost\": %lld, \"p50\": %.2f, \"p99\": %.2f, \"max\": %.2f, "
           "\"client_cpu\": %.2f, \"per_read\": %.1f, \"gone\": %d}\n",
           in_time / took, (unsigned long long)count, (long long)(wanted - (crowd.deliveries - first)), delay_ms(0.5),
           delay_ms(0.99), delay_ms(1), busy, (double)in_time / (read ? read : 1), crowd.gone);
}

static const char *given(const char *text) { return strcmp(text, "-") ? text : NULL; }

int main(int argc, char **argv) {
    if (argc != 9) {
        fprintf(stderr, "load <port> <path> <viewers> <hello file|-> <ready mark|-> <beat|-> <message file> <bus port>\n");
        return 2;
    }
    crowd.port = atoi(argv[1]), crowd.path = argv[2], crowd.wanted = atoi(argv[3]);
    crowd.hello = given(argv[4]) ? read_lines(argv[4], crowd.wanted) : NULL;
    crowd.ready_mark = given(argv[5]), crowd.beat = given(argv[6]);
    template = read_file(argv[7], &template_size);
    stamp = memmem(template, template_size, "@@@@@@@@@@@@@@@@", STAMP_DIGITS);
    if (!stamp) {
        fprintf(stderr, "%s has no place for the time\n", argv[7]);
        return 2;
    }
    if (atoi(argv[8]))
        open_bus(atoi(argv[8]));
    int64_t began = now_us();
    open_crowd(CONNECT_SECONDS);
    printf("{\"ready\": %d, \"gone\": %d, \"seconds\": %.2f}\n", crowd.ready, crowd.gone, (now_us() - began) * 1e-6);
    fflush(stdout);

    char line[256];
    int paused = 0, waiting = fcntl(0, F_SETFL, O_NONBLOCK);
    size_t have = 0;
    while (waiting == 0) {
        ssize_t got = read(0, line + have, 1);
        if (got == 0)
            break;
        if (got < 0) { /* between phases viewers go on reading, beating and answering pings */
            poll_crowd(20);
            continue;
        }
        if (line[have++] != '\n' && have < sizeof line - 1)
            continue;
        line[have] = 0;
        have = 0;
        struct phase p = {0};
        if (sscanf(line, "closed %d %lf", &p.window, &p.seconds) == 2 ||
            sscanf(line, "open %lf %lf", &p.rate, &p.seconds) == 2)
            run(&p, crowd.ready - paused);
        else if (sscanf(line, "pause %d", &paused) == 1)
            pause_viewers(paused, 1), printf("{}\n");
        else if (sscanf(line, "resume %d", &paused) == 1)
            pause_viewers(paused, 0), paused = 0, printf("{}\n");
        fflush(stdout);
    }
    return 0;
}
