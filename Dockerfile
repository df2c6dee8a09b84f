# Images of vidgan. For the CPU, and for NVIDIA GPUs:
#
#   docker build -t vidgan .
#   docker build -t vidgan:gpu --target gpu .
#
# docs/installing.rst says how to use them.

FROM python:3.13-slim-trixie AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

FROM base AS wheel
WORKDIR /src
COPY setup.cfg ./
# Packages go into layers of their own, which stay the same until these lines of setup.cfg change.
RUN python -c "from configparser import ConfigParser; setup = ConfigParser(); \
    setup.read('setup.cfg'); options = setup['options']; \
    open('cpu.txt', 'w').write(options['install_requires']); \
    open('gpu.txt', 'w').write(setup['options.extras_require']['gpu'])"
COPY pyproject.toml setup.py README.rst LICENSE ./
COPY vidgan vidgan
RUN pip wheel --no-deps --wheel-dir /wheels .

FROM base AS packages
COPY --from=wheel /src/cpu.txt /tmp/requirements/
RUN pip install -r /tmp/requirements/cpu.txt
# The home folder of every user, also of one that the image does not know: --user "$(id -u):$(id -g)".
RUN useradd --uid 1000 --create-home vidgan && chmod 1777 /home/vidgan
ENV HOME=/home/vidgan USER=vidgan
WORKDIR /work
ENTRYPOINT ["vidgan"]
CMD ["--help"]

FROM packages AS gpu
COPY --from=wheel /src/gpu.txt /tmp/requirements/
RUN pip install -r /tmp/requirements/gpu.txt
# The driver is that of the host, which the NVIDIA Container Toolkit mounts.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels pip install --no-deps /wheels/*.whl
USER 1000

# Last, so that it is the default.
FROM packages AS cpu
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels pip install --no-deps /wheels/*.whl
USER 1000
