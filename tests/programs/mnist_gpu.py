#!/usr/bin/env python3
"""What mnist says when a GPU is missing, does not fit or fails: mnist_gpu.py PROGRAM, which is linked with
stand_in_runtime.cpp in place of the CUDA runtime library.
"""

import re

import harness


class GpuTest(harness.ProgramTest):
    TROUBLES = {
        "no driver": "no NVIDIA driver",
        "no gpu": "no GPU",
        "old driver": "the NVIDIA driver is too old: it knows CUDA 11.4, this program needs 13.0",
        "other architecture": "no code for GPU 0 (Stand-in A, sm_61) in this program, which was built for sm_",
    }

    def test_a_gpu_that_cannot_be_used_is_said_before_data_are_read(self):
        for trouble, text in self.TROUBLES.items():
            with self.subTest(trouble):
                error = self.bad(7, f"--device cuda: {text}", "--device", "cuda", "--data", "no such folder", data=False,
                                 TINYNET_STAND_IN=trouble)
                self.assertNotIn("such folder", error)

    def test_auto_takes_the_cpu_and_says_why(self):
        expected = self.losses(self.good("--steps", 2, "--log-every", 1, "--device", "cpu"))
        for trouble, text in {**self.TROUBLES, "little memory": "not enough memory on the GPU"}.items():
            with self.subTest(trouble):
                done = self.good("--steps", 2, "--log-every", 1, TINYNET_STAND_IN=trouble)
                notes = [line for line in done.stderr.splitlines() if "device: cpu (" in line]
                self.assertEqual(len(notes), 1, done.stderr)
                self.assertIn(text, notes[0])
                self.assertEqual(self.losses(done), expected)
                self.assertIn("X.device: cpu", done.stdout)

    def test_a_gpu_that_is_not_there(self):
        self.bad(7, "--device cuda:9: no GPU 9; there are: 0 (Stand-in A), 1 (Stand-in B)", "--device", "cuda:9")

    def test_too_little_memory_is_said_with_both_numbers(self):
        error = self.bad(7, "not enough memory on the GPU", "--device", "cuda:1", TINYNET_STAND_IN="little memory")
        self.assertRegex(error, r"this net and 300 rows need about \d{6,} bytes; free are 12345\. Try --chunk-rows, smaller")

    def test_rows_in_chunks_need_less(self):
        harness.write_data(self.folder / "many rows", train=3000, test=20)
        options = ("--device", "cuda", "--engine", "tape", "--data", self.folder / "many rows")
        needed = [int(re.search(r"need about (\d+) bytes",
                                self.bad(7, "not enough memory", *options, "--chunk-rows", rows,
                                         data=False, TINYNET_STAND_IN="little memory"))[1]) for rows in (0, 3000, 100)]
        self.assertEqual(needed[0], needed[1])
        self.assertLess(3 * needed[2], needed[0])

    def failing(self, text, *options, **more):
        """A run that begins to train, and ends with this error."""
        done = self.run_program("--device", "cuda", *options, **more)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("X.device: cuda:0\n", done.stdout)
        self.assertNotIn("in the end", done.stdout)
        error = done.stderr.splitlines()[-1]
        self.assertTrue(error.startswith("mnist: error: "), done.stderr)
        self.assertIn(text, error)

    def test_what_fails_later_is_told_with_the_call_the_reason_and_the_step(self):
        for trouble, text in {
            "illegal address": "cudaMemcpyAsync: the stand-in says so (cudaErrorIllegalAddress)",
            "broken memory": "cudaStreamSynchronize: the stand-in says so (cudaErrorECCUncorrectable)",
            "launch failure": "an expression of tensors: the stand-in says so (cudaErrorLaunchOutOfResources)",
            "out of memory": "cudaMallocAsync: the stand-in says so (cudaErrorMemoryAllocation)",
        }.items():
            with self.subTest(trouble):
                self.failing(f"at step 0: {text}", TINYNET_STAND_IN=trouble)

    def test_the_checkpoint_that_is_left_is_named(self):
        path = self.folder / "checkpoint.safetensors"
        self.good("--device", "cpu", "--steps", 50, "--checkpoint", path)
        self.failing(f"(cudaErrorIllegalAddress); the checkpoint after 50 steps is {path}", "--resume", path,
                     "--checkpoint", path, TINYNET_STAND_IN="illegal address", TINYNET_STAND_IN_FROM="200")

    def test_a_wrong_result_is_found(self):
        self.failing("a wrong result at step 0: the loss of the first 300 rows is 0 on the GPU and ")

    def test_engines(self):
        self.bad(2, "--engine fused: there are no kernels for the net 784-5-10 relu on a GPU", "--device", "cuda",
                 "--engine", "fused", "--hidden", "5")
        for engine, text in {"auto": "sizes compiled in, fused engine", "tape": "sizes compiled in, tape engine"}.items():
            self.assertIn(text, self.run_program("--device", "cuda", "--engine", engine).stderr)


if __name__ == "__main__":
    harness.main()
