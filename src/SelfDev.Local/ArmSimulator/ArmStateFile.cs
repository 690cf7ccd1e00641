using System.Text.Json;
using SelfDev.Local.Storage;

namespace SelfDev.Local.ArmSimulator;

/// <summary>Keeps the state in one JSON file, replaced whole: a process killed at any instruction leaves the old or the
/// new file, never half of one.</summary>
internal sealed class ArmStateFile(string? folder)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };
    private readonly string? _path = folder is null ? null : Path.Combine(folder, "arm-state.json");

    /// <exception cref="InvalidDataException">The file is there and unreadable; it says which and what to
    /// do.</exception>
    public ArmState Load()
    {
        if (_path is null || !File.Exists(_path))
        {
            return new ArmState();
        }

        try
        {
            return JsonSerializer.Deserialize<ArmState>(File.ReadAllBytes(_path)) ?? new ArmState();
        }
        catch (JsonException damage)
        {
            throw new InvalidDataException(
                $"The ARM simulator's state in {_path} is not readable ({damage.Message}). Delete the file to start "
                    + $"with a fresh fleet.",
                damage
            );
        }
    }

    /// <summary>Returns when the new state would survive a kill, or a power cut.</summary>
    public void Save(ArmState state)
    {
        if (_path is null)
        {
            return;
        }

        var draft = _path + ".new";
        using (var file = new FileStream(draft, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(file, state, Json);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, _path, overwrite: true);
        DurableFiles.SyncFolder(folder!);
    }
}
