"""Running a program as an MPI job."""

import pathlib
import subprocess


class MpiJob:
    """What a ProgramTest has beside its own if it starts jobs."""

    mpirun = "mpirun"

    def mpi_environment(self):
        # As root and with more processes than processors: both are usual in a container.
        return self.environment(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                                OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_base_warn_component_unused="0")

    def job(self, processes, *options, mpirun=()):
        return [self.mpirun, *mpirun, "-n", str(processes), *self.command("--dist", "mpi", *options)]

    def run_command(self, command):
        return subprocess.run(command, env=self.mpi_environment(), capture_output=True, text=True, timeout=200)

    def run_job(self, processes, *options):
        return self.run_command(self.job(processes, *options))

    def run_two(self, first, second, program=None):
        """Two processes: one on our data with these options, one on (data, options), which may be another program."""
        commands = [self.command("--dist", "mpi", "--data", data, *options, data=False)
                    for data, options in ((self.data, first), second)]
        if program:
            commands[1][0] = str(program)
        return self.run_command([self.mpirun, "-n", "1", *commands[0], ":", "-n", "1", *commands[1]])

    def start_job(self, processes, *options, mpirun=()):
        return subprocess.Popen(self.job(processes, *options, mpirun=mpirun), env=self.mpi_environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def member(self, job, rank):
        """The process of this rank."""
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                variables = (entry / "environ").read_bytes().split(b"\0") if parent == job.pid else []
            except OSError:
                continue
            if f"OMPI_COMM_WORLD_RANK={rank}".encode() in variables:
                return int(entry.name)
        self.fail("no such process")
