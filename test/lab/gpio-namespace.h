#ifndef GPIO_NAMESPACE_H
#define GPIO_NAMESPACE_H

/*
 * Moves this process into a mount namespace of its own in which the folder `mount_point`, in /sys/class, exists whether
 * or not this kernel has GPIO. Without root, into a user namespace too, where it is root. The kernel removes both, with
 * all mounts, when the last process has left them; this process is killed when its parent ends. Exits on failure.
 */
void enter_namespace(const char *mount_point);

#endif
