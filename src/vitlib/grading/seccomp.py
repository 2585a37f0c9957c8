"""A filter of system calls for the sandbox, as the bytes of a BPF program.

Limits on the number of processes do not bind root, so the kernel is told to refuse
new processes altogether; threads are allowed. Refused as well: what reaches into
other processes, mounts, keys, sockets other than local ones, and kinds of memory
that no limit counts. The worker needs none of it.

Source: seccomp(2), bpf(2); numbers from the kernel's tables of system calls.
"""

import errno
import platform
import struct

# (x86_64, aarch64); None where a machine does not have the call.
REFUSED = {
    "fork": (57, None), "vfork": (58, None),
    "ptrace": (101, 117), "kcmp": (312, 272),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190),
    "msgget": (68, 186), "mq_open": (240, 180),
    "syslog": (103, 116), "quotactl": (179, 60), "acct": (163, 89),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "settimeofday": (170, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    # Root's worker could change the rights of the machine's own /dev/null.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53),
    "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
}  # fmt: skip
CLONE, CLONE3, SOCKET, PRCTL = (56, 220), (435, 435), (41, 198), (157, 167)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
X32 = 0x40000000  # another table of calls on x86_64
CLONE_THREAD, AF_UNIX, PR_SET_PDEATHSIG = 0x00010000, 1, 1


def program(machine=None):
    """The filter for this kind of processor; None if there is none for it."""
    if (machine or platform.machine()) not in MACHINES:
        return None
    column, arch = MACHINES[machine or platform.machine()]
    refuse = ERROR | errno.EPERM
    steps = [
        (LOAD, 0, 0, ARCH),
        (EQUAL, 1, 0, arch),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    if column == 0:
        steps += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, refuse)]
    steps += _if(CLONE3[column], ERROR | errno.ENOSYS)  # then libc takes clone
    steps += _first(CLONE[column], ANY_BIT, CLONE_THREAD, ALLOW, refuse)
    steps += _first(SOCKET[column], EQUAL, AF_UNIX, ALLOW, refuse)
    steps += _first(PRCTL[column], EQUAL, PR_SET_PDEATHSIG, refuse, ALLOW)
    for numbers in REFUSED.values():
        if numbers[column] is not None:
            steps += _if(numbers[column], refuse)
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _if(number, verdict):
    return [(EQUAL, 0, 1, number), (RETURN, 0, 0, verdict)]


def _first(number, test, value, yes, no):
    """For the call `number`: one verdict if its first argument passes, else another."""
    return [
        (EQUAL, 0, 4, number),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (test, 0, 1, value),
        (RETURN, 0, 0, yes),
        (RETURN, 0, 0, no),
    ]
