namespace SelfDev.Core.Artifacts;

/// <summary>Recognises compressed files by their first bytes.</summary>
internal static class CompressedContent
{
    /// <summary>Bytes needed to tell.</summary>
    public const int SignatureBytes = 6;

    public const string Gzip = "gzip";

    public const string Zip = "zip";

    /// <returns>The format's name; null for what is not compressed, as far as its beginning tells.</returns>
    public static string? Name(ReadOnlySpan<byte> start) =>
        start switch
        {
            [0x1F, 0x8B, ..] => Gzip, // RFC 1952, 2.3.1
            [0x50, 0x4B, 0x03, 0x04, ..] or [0x50, 0x4B, 0x05, 0x06, ..] => Zip, // APPNOTE 4.3.7, 4.3.16 (empty)
            [0x28, 0xB5, 0x2F, 0xFD, ..] => "zstd", // RFC 8878, 3.1.1
            [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00] => "xz", // The .xz file format 1.1.0, 2.1.1.1
            [0x42, 0x5A, 0x68, >= 0x31 and <= 0x39, ..] => "bzip2",
            [0x04, 0x22, 0x4D, 0x18, ..] => "lz4", // LZ4 frame format 1.6.1
            [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C] => "7z",
            _ => null,
        };

    /// <summary>What to do with a file of that format that is not read here.</summary>
    public static string Remedy(string format) =>
        format switch
        {
            Zip or "7z" => "Unpack it and drop the files in it.",
            "zstd" => "Decompress it first (zstd -d FILE), or compress it with gzip.",
            "xz" => "Decompress it first (xz -d FILE), or compress it with gzip.",
            "bzip2" => "Decompress it first (bunzip2 FILE), or compress it with gzip.",
            _ => "Decompress it first (lz4 -d FILE), or compress it with gzip.",
        };
}
