using System.Globalization;
using System.Text;

// Writes the training log that the demo drops: `dotnet run --project samples/generator --
// samples/training/pretrain-13b/train.log`, and with `traffic` before the file the traffic trace for `backtest`
// (TrafficSample.cs). The same seed gives the same bytes. What it tells, in the line formats of the real programs:
//   steps 1 to 4000 of a 13B model on 4 nodes of 8 GPUs, a checkpoint every 500 steps that makes one step slow;
//   step 2310: a loss spike, announced by seven steps of rising gradient norm, gone after about 30 steps;
//   after step 3871: Xid 79 on trainvm000002 (ranks 16 to 23), ten minutes of silence, NCCL watchdogs on the other
// ranks, torchrun's exit. With `-- evals samples/evals` it writes the evaluations instead (EvaluationSamples), with `--
// requests samples/serving/chat/requests.jsonl` a request log (RequestLogSample).
const int Seed = 20260131;
const int LastStep = 3871;
const int SpikeStep = 2310;
const int LostNode = 2;
const int RanksANode = 8;
const int Nodes = 4;

if (args is ["traffic", var traceFile])
{
    TrafficSample.Write(traceFile);
    return 0;
}

if (args is ["evals", var folder])
{
    EvaluationSamples.Write(folder);
    return 0;
}

if (args is ["requests", var requestFile])
{
    RequestLogSample.Write(requestFile);
    return 0;
}

if (args.Length != 1)
{
    Console.Error.WriteLine(
        "Usage: dotnet run --project samples/generator -- [traffic|requests|evals] <file or folder>, or -- evals "
            + "<folder>"
    );
    return 2;
}

var random = new Random(Seed);
var time = new DateTime(2026, 1, 31, 18, 4, 11, DateTimeKind.Utc);
using var log = new StreamWriter(args[0], append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
{
    NewLine = "\n",
};

Write(
    $"[default0]:using world size: {Nodes * RanksANode}, data-parallel size: 8, tensor-model-parallel size: 4, "
        + $"pipeline-model-parallel size: 1"
);
Write("[default0]:using torch.bfloat16 for parameters ...");
for (var node = 0; node < Nodes; node++)
{
    Write(
        $"trainvm{node:000000}:{2100 + node}:{2300 + node} [0] NCCL INFO NET/IB : Using [0]mlx5_0:1/IB [1]mlx5_1:1/IB "
            + $"; OOB eth0:10.4.0.{node + 4}<0>"
    );
}

Write("[default0]:building GPT model ...");
Write("[default0]: > learning rate decay style: cosine");
Write("[default0]:WARNING: could not find the tokenizer cache, building it");
Write("[default0]:[before the start of training step] datetime: 2026-01-31 18:04:11");

for (var step = 1; step <= LastStep; step++)
{
    var seconds = 4.2 + (0.05 * Noise());
    if (step % 500 == 1 && step > 1)
    {
        seconds += 38 + Noise();
    }

    if (step <= 3)
    {
        seconds += 40.0 / step;
    }

    time = time.AddSeconds(seconds);
    var rate = step < 400 ? 1.5e-4 * step / 400 : (0.75e-4 * (1 + Math.Cos(Math.PI * (step - 400) / 60000))) + 0.15e-4;
    var loss = 2.35 + (8.6 * Math.Exp(-step / 160.0)) + (1.1 * Math.Exp(-step / 1800.0)) + (0.022 * Noise());
    var norm = 0.42 + (3.0 * Math.Exp(-step / 90.0)) + (0.03 * Math.Abs(Noise()));
    if (step is >= SpikeStep - 7 and < SpikeStep)
    {
        norm *= Math.Pow(1.62, step - (SpikeStep - 8));
    }
    else if (step is >= SpikeStep and < SpikeStep + 40)
    {
        var since = step - SpikeStep;
        loss += 2.9 * Math.Exp(-since / 9.0);
        norm *= 1 + (22 * Math.Exp(-since / 5.0));
    }

    Write(
        string.Create(
            CultureInfo.InvariantCulture,
            $"[default7]: [{time:yyyy-MM-dd HH:mm:ss}] iteration {step, 8}/   95000 | consumed samples: "
                + $"{step * 1024L, 12} | consumed tokens: {step * 1024L * 4096, 15} | elapsed time per iteration (ms): "
                + $"{seconds * 1000:0.0} | learning rate: {rate:0.000000E-00} | global batch size:  1024 | lm "
                + $"loss: {loss:0.000000E+00} | loss scale: 1.0 | grad norm: {norm:0.000} | number of skipped "
                + $"iterations:   0 | number of nan iterations:   0 |"
        )
    );
    if (step % 500 == 0)
    {
        Write(
            $"[default0]:saving checkpoint at iteration {step, 7} to /mnt/checkpoints/pretrain-13b in torch_dist format"
        );
        Write(
            $"[default0]:  successfully saved checkpoint from iteration {step, 7} to /mnt/checkpoints/pretrain-13b [ t "
                + $"1/1, p 1/1 ]"
        );
    }

    if (step % 700 == 0)
    {
        Write(
            $"[default{random.Next(RanksANode)}]:/opt/venv/lib/python3.12/site-packages/torch/autograd/graph.py:825: "
                + $"UserWarning: c10d::allreduce_: an autograd kernel was not registered to the Autograd key(s)"
        );
    }
}

// The GPU goes; the ranks on it hang in the driver and log nothing; the others wait for them.
time = time.AddSeconds(2.7);
Write(
    $"{time:yyyy-MM-ddTHH:mm:ss}.204113+00:00 trainvm{LostNode:000000} kernel: [93817.118204] NVRM: GPU at "
        + $"PCI:0004:01:00: GPU-6c1b1f57-9a0e-4c4f-8a57-2f0f0a5ad01c"
);
Write(
    $"{time:yyyy-MM-ddTHH:mm:ss}.204120+00:00 trainvm{LostNode:000000} kernel: [93817.118211] NVRM: Xid "
        + $"(PCI:0004:01:00): 79, pid=2104, name=python3, GPU has fallen off the bus."
);
time = time.AddSeconds(600);
for (var rank = 0; rank < Nodes * RanksANode; rank++)
{
    if (rank / RanksANode == LostNode)
    {
        continue;
    }

    var ran = 600_000 + random.Next(20, 95);
    Write(
        string.Create(
            CultureInfo.InvariantCulture,
            $"[rank{rank}]:[E{time:MMdd HH:mm:ss}.{random.Next(100_000_000, 999_999_999)} ProcessGroupNCCL.cpp:632] "
                + $"[Rank {rank}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=1084213, "
                + $"OpType=ALLREDUCE, NumelIn=131334144, NumelOut=131334144, Timeout(ms)=600000) ran for {ran} "
                + $"milliseconds before timing out."
        )
    );
    Write(
        $"[rank{rank}]:[E{time:MMdd HH:mm:ss}.{random.Next(100_000_000, 999_999_999)} ProcessGroupNCCL.cpp:1753] [PG "
            + $"ID 0 PG GUID 0(default_pg) Rank {rank}] Some NCCL operations have failed or timed out. Due to the "
            + $"asynchronous nature of CUDA kernels, subsequent GPU operations might run on corrupted/incomplete "
            + $"data."
    );
    Write(
        $"[rank{rank}]:[E{time:MMdd HH:mm:ss}.{random.Next(100_000_000, 999_999_999)} ProcessGroupNCCL.cpp:1759] [PG "
            + $"ID 0 PG GUID 0(default_pg) Rank {rank}] To avoid data inconsistency, we are taking the entire process "
            + $"down."
    );
}

time = time.AddSeconds(31);
for (var local = 1; local < RanksANode; local++)
{
    Write(
        $"W{time:MMdd HH:mm:ss}.118000 1890 torch/distributed/elastic/multiprocessing/api.py:897] Sending process "
            + $"{2104 + local} closing signal SIGTERM"
    );
}

Write(
    $"E{time:MMdd HH:mm:ss}.954000 1890 torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: -6) "
        + $"local_rank: 0 (pid: 2104) of binary: /opt/venv/bin/python3"
);
Write("torch.distributed.elastic.multiprocessing.errors.ChildFailedError:");
Write("Root Cause (first observed failure):");
Write($"  time      : {time:yyyy-MM-dd_HH:mm:ss}");
Write("  host      : trainvm000000");
Write("  exitcode  : -6 (pid: 2104)");
Write("  traceback : Signal 6 (SIGABRT) received by PID 2104");
return 0;

double Noise() => random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5;

void Write(string line) => log.WriteLine(line);
