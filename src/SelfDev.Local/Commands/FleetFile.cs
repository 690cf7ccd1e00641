using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Simulation;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace SelfDev.Local.Commands;

/// <summary>
/// A fleet as a YAML file describes it (<c>samples/fleet.yaml</c> explains every line). Unknown keys are refused, so
/// that a misspelt limit is never silently the default.
/// </summary>
internal static class FleetFile
{
    /// <exception cref="BadInputException">It cannot be read, or a figure is missing or out of range; the message names
    /// file, line and key.</exception>
    public static (FleetSpecification Fleet, FitQuality? Fit) Read(string path)
    {
        FleetDocument document;
        try
        {
            using var reader = new StreamReader(path);
            document =
                new DeserializerBuilder()
                    .WithNamingConvention(CamelCaseNamingConvention.Instance)
                    .WithDuplicateKeyChecking()
                    .Build()
                    .Deserialize<FleetDocument>(reader)
                ?? throw new BadInputException(
                    $"The fleet file '{path}' is empty; samples/fleet.yaml shows what belongs in it."
                );
        }
        catch (YamlException wrong)
        {
            // The library wraps what it says about the value in a general sentence.
            var reason = wrong.InnerException?.Message ?? wrong.Message;
            throw new BadInputException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The fleet file '{path}', line {wrong.Start.Line}, column {wrong.Start.Column}: "
                        + $"{SafeText.SingleLine(reason)}"
                ),
                wrong
            );
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException($"The fleet file '{path}' cannot be read: {failure.Message}", failure);
        }

        var (replica, fit) = Replica(
            document.Replica
                ?? throw new BadInputException($"The fleet file '{path}' has no 'replica': what one replica can do."),
            path
        );
        var defaults = new FleetSpecification { Name = "", Replica = replica };
        var fleet = new FleetSpecification
        {
            Name = document.Name ?? Path.GetFileNameWithoutExtension(path),
            Replica = replica,
            ServiceLevel = Level(document.ServiceLevel),
            ColdStartSeconds = document.ColdStartSeconds ?? defaults.ColdStartSeconds,
            IntervalSeconds = document.IntervalSeconds ?? defaults.IntervalSeconds,
            Floor = document.Floor ?? defaults.Floor,
            Ceiling = document.Ceiling ?? defaults.Ceiling,
            InitialReplicas = document.InitialReplicas,
        };
        return fleet.Problems() is { Count: > 0 } problems
            ? throw new BadInputException($"The fleet file '{path}': {string.Join(" ", problems)}")
            : (fleet, fit);
    }

    private static ServiceLevel Level(LevelDocument? document)
    {
        var defaults = new ServiceLevel();
        return document is null
            ? defaults
            : new ServiceLevel
            {
                TimeToFirstTokenSeconds = document.TimeToFirstTokenSeconds ?? defaults.TimeToFirstTokenSeconds,
                InterTokenSeconds = document.InterTokenSeconds ?? defaults.InterTokenSeconds,
                QueueSeconds = document.QueueSeconds ?? defaults.QueueSeconds,
                Attainment = document.Attainment ?? defaults.Attainment,
            };
    }

    private static (ReplicaModel Model, FitQuality? Fit) Replica(ReplicaDocument document, string path)
    {
        if (document.Profile is { } profile)
        {
            var file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, profile);
            using var artifact = LocalArtifact.Open(file, ReadLimits.Default);
            var (points, _) = ProfileFormat.Read(artifact.Files[0], ReadLimits.Default);
            if (points.Count < 8)
            {
                throw new BadInputException(
                    $"The profile '{file}' has {points.Count} settings; a replica model takes at least 8."
                );
            }

            var (fitted, quality) = ReplicaFit.Fit(points, document.BatchLimit ?? 256);
            return (
                fitted with
                {
                    PrefillChunkTokens = document.PrefillChunkTokens ?? fitted.PrefillChunkTokens,
                    Gpus = document.Gpus ?? 1,
                },
                quality
            );
        }

        double Required(double? value, string name) =>
            value
            ?? throw new BadInputException(
                $"The fleet file '{path}': replica has neither '{name}' nor a 'profile' to fit it from."
            );
        return (
            new ReplicaModel
            {
                StepSeconds = Required(document.StepSeconds, "stepSeconds"),
                SequenceSeconds = Required(document.SequenceSeconds, "sequenceSeconds"),
                ContextTokenSeconds = document.ContextTokenSeconds ?? 0,
                PrefillTokenSeconds = Required(document.PrefillTokenSeconds, "prefillTokenSeconds"),
                BatchLimit = document.BatchLimit ?? 256,
                CacheTokens = document.CacheTokens ?? long.MaxValue,
                PrefillChunkTokens = document.PrefillChunkTokens ?? 2048,
                Gpus = document.Gpus ?? 1,
            },
            null
        );
    }

    // YamlDotNet creates and fills these.
#pragma warning disable CA1812
    private sealed class FleetDocument
    {
        public string? Name { get; set; }

        public LevelDocument? ServiceLevel { get; set; }

        public double? ColdStartSeconds { get; set; }

        public double? IntervalSeconds { get; set; }

        public int? Floor { get; set; }

        public int? Ceiling { get; set; }

        public int? InitialReplicas { get; set; }

        public ReplicaDocument? Replica { get; set; }
    }

    private sealed class LevelDocument
    {
        public double? TimeToFirstTokenSeconds { get; set; }

        public double? InterTokenSeconds { get; set; }

        public double? QueueSeconds { get; set; }

        public double? Attainment { get; set; }
    }

    private sealed class ReplicaDocument
    {
        public string? Profile { get; set; }

        public int? Gpus { get; set; }

        public double? StepSeconds { get; set; }

        public double? SequenceSeconds { get; set; }

        public double? ContextTokenSeconds { get; set; }

        public double? PrefillTokenSeconds { get; set; }

        public int? BatchLimit { get; set; }

        public long? CacheTokens { get; set; }

        public int? PrefillChunkTokens { get; set; }
    }
#pragma warning restore CA1812
}
