/* attach-group GROUP: gives an IOMMU group to VFIO as QEMU does; prints "GROUP STEP ERRNO", "GROUP ok 0" where it worked. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/ioctl.h>

static int attach(const char *group, const char **step) {
  char path[64];
  struct vfio_group_status status = {.argsz = sizeof status};
  int container, fd;

  snprintf(path, sizeof path, "/dev/vfio/%s", group);
  *step = "container";
  if ((container = open("/dev/vfio/vfio", O_RDWR)) < 0) return errno;
  *step = "group";
  if ((fd = open(path, O_RDWR)) < 0) return errno;
  *step = "viable";
  if (ioctl(fd, VFIO_GROUP_GET_STATUS, &status) < 0) return errno;
  if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) return EBUSY;
  *step = "set-container";
  if (ioctl(fd, VFIO_GROUP_SET_CONTAINER, &container) < 0) return errno;
  *step = "set-iommu";
  if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0) return errno;
  *step = "ok";
  return 0;
}

int main(int argc, char **argv) {
  const char *step = "usage";
  int error = argc == 2 ? attach(argv[1], &step) : EINVAL;
  printf("%s %s %d\n", argc == 2 ? argv[1] : "-", step, error);
  return error != 0;
}
