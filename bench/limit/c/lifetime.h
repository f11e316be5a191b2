/* The lifetime of a server: until its standard input ends, or until SIGTERM or SIGINT. */
#ifndef LIFETIME_H
#define LIFETIME_H

/* lifetime_begin keeps both signals from this thread and those that it starts, and returns a descriptor that tells them. */
int lifetime_begin(void);

/* lifetime_wait returns when the lifetime is over. */
void lifetime_wait(int signals);

#endif
