/* A crowd of websocket viewers in one process: connects, answers pings, counts what is delivered and how late. */
#ifndef VIEWERS_H
#define VIEWERS_H

#include <stddef.h>
#include <stdint.h>

#define STAMP "t="
#define STAMP_DIGITS 16
/* A delivery is a message that holds STAMP and the time it was sent: STAMP_DIGITS digits, us of the monotonic clock. */

struct crowd {
    int port, wanted, ready, gone;
    const char *path;         /* of the upgrade request */
    char **hello;             /* one text a viewer, sent after the upgrade; NULL for none */
    const char *ready_mark;   /* a viewer is ready once a message holds this; NULL for after the upgrade */
    const char *beat;         /* sent by every viewer each BEAT_SECONDS; NULL for none */
    uint64_t deliveries, bytes, reads;
};

extern struct crowd crowd;

int64_t now_us(void);
void open_crowd(double seconds);
void poll_crowd(int ms);
int viewer_is_ready(int number);
/* Send a text frame as this viewer; 0 when the socket is full. */
int send_as(int number, const char *text, size_t size);
/* Later phases of the crowd: the first `count` viewers stop reading, or read again. */
void pause_viewers(int count, int paused);

void reset_delays(void);
/* The delay in ms that a share of the deliveries since reset_delays() did not exceed. */
double delay_ms(double share);

#endif
