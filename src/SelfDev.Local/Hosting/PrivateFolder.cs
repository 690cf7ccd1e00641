namespace SelfDev.Local.Hosting;

/// <summary>
/// Folders that only their owner may enter. What lies in one is out of reach for others whatever its own mode is:
/// Azurite and SQLite make files that everybody may read. Windows has no such modes; there a folder has the rights of
/// the one that it lies in.
/// </summary>
internal static class PrivateFolder
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead
        | UnixFileMode.GroupWrite
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherWrite
        | UnixFileMode.OtherExecute;

    /// <summary>Makes the folder, or closes one that is there and ours.</summary>
    /// <param name="isOurs">Whether a folder that stands open may be closed: somebody else's may be open for a
    /// reason.</param>
    /// <param name="say">Told, in a line for a person, what was open and is closed now.</param>
    /// <returns>Whether it stood open.</returns>
    /// <exception cref="LocalHostException">It is open and not ours, or cannot be closed; the message says what to
    /// do.</exception>
    public static bool Ensure(string folder, Func<bool> isOurs, Action<string> say)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return false;
        }

        Directory.CreateDirectory(folder, Owner);
        var mode = File.GetUnixFileMode(folder);
        if ((mode & Others) == 0)
        {
            return false;
        }

        if (!isOurs())
        {
            throw new LocalHostException(
                $"The data folder {folder} is open to others (mode {Octal(mode)}) and holds things that are not "
                    + $"SelfDev's, so it is left as it is. "
                    + "Name another with --data, or close it yourself: chmod 700."
            );
        }

        Close(folder, Owner, mode, say);
        return true;
    }

    /// <summary>Lets only its owner read a file.</summary>
    /// <param name="say">As for <see cref="Ensure"/>.</param>
    /// <exception cref="LocalHostException">It cannot be closed.</exception>
    public static void CloseFile(string file, Action<string> say)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(file))
        {
            return;
        }

        var mode = File.GetUnixFileMode(file);
        if ((mode & Others) != 0)
        {
            Close(file, mode & Owner, mode, say);
        }
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static void Close(string path, UnixFileMode closed, UnixFileMode open, Action<string> say)
    {
        try
        {
            File.SetUnixFileMode(path, closed);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new LocalHostException(
                $"{path} is open to others (mode {Octal(open)}) and belongs to somebody else, so it cannot be closed. "
                    + $"Name another data folder with --data.",
                refused
            );
        }

        say(
            $"data: {path} was open to others (mode {Octal(open)}) and is closed now ({Octal(closed)}). Others of this "
                + $"machine may have read it."
        );
    }

    private static string Octal(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8);
}
