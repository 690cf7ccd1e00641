using System.Text;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>What every trust store must do, whatever it is built on.</summary>
public abstract class TrustStoreConformance
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An empty store.</summary>
    protected abstract Task<ITrustStore> CreateAsync();

    [Fact]
    public async Task A_record_is_created_once_and_stays_what_it_was()
    {
        var store = await CreateAsync();
        Assert.True(await store.TryCreateAsync("requests/a", "one"u8.ToArray(), Cancellation));
        Assert.False(await store.TryCreateAsync("requests/a", "two"u8.ToArray(), Cancellation));
        Assert.False(await store.TryCreateAsync("requests/a", "one"u8.ToArray(), Cancellation));
        Assert.Equal("one"u8.ToArray(), await store.ReadAsync("requests/a", Cancellation));
        Assert.Null(await store.ReadAsync("requests/A", Cancellation));
        Assert.Null(await store.ReadAsync("requests", Cancellation));
    }

    [Fact]
    public async Task Of_many_who_create_a_record_at_once_one_wins_and_its_content_stands()
    {
        var store = await CreateAsync();
        var won = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(number =>
                    Task.Run(
                        () =>
                            store.TryCreateAsync("decisions/plan/1", Encoding.UTF8.GetBytes($"{number}"), Cancellation),
                        Cancellation
                    )
                )
        );

        Assert.Single(won, outcome => outcome);
        Assert.Equal(
            $"{Array.IndexOf(won, true)}",
            Encoding.UTF8.GetString((await store.ReadAsync("decisions/plan/1", Cancellation))!)
        );
    }

    [Fact]
    public async Task Neither_the_writer_nor_a_reader_can_change_a_record_through_its_buffer()
    {
        var store = await CreateAsync();
        var buffer = "mine"u8.ToArray();
        await store.TryCreateAsync("a", buffer, Cancellation);
        buffer[0] = (byte)'?';
        (await store.ReadAsync("a", Cancellation))![1] = (byte)'?';
        Assert.Equal("mine"u8.ToArray(), await store.ReadAsync("a", Cancellation));
    }

    [Fact]
    public async Task Names_are_listed_below_the_prefix_from_the_one_asked_for_in_ordinal_order()
    {
        var store = await CreateAsync();
        foreach (
            var name in new[]
            {
                "d/b",
                "d/a_b",
                "d/a/x",
                "d/a-b",
                "d/B",
                "d/a.b",
                "d/a0",
                "e/a",
                "d",
                "d0",
                "d/axb",
                "c/z",
            }
        )
        {
            Assert.True(await store.TryCreateAsync(name, ReadOnlyMemory<byte>.Empty, Cancellation));
        }

        Assert.Equal(["d/B", "d/a-b", "d/a.b", "d/a/x", "d/a0", "d/a_b", "d/axb", "d/b"], await NamesAsync("d/", ""));
        Assert.Equal(["d/a_b"], await NamesAsync("d/a_", ""));
        Assert.Equal(["d/a0", "d/a_b", "d/axb", "d/b"], await NamesAsync("d/", "d/a0"));
        Assert.Equal(["d/a0", "d/a_b", "d/axb", "d/b"], await NamesAsync("d/", "d/a/y"));
        Assert.Equal(["d/b"], await NamesAsync("d/", "d/ay"));
        Assert.Equal(["e/a"], await NamesAsync("e", "a"));
        Assert.Empty(await NamesAsync("d/", "e"));
        Assert.Empty(await NamesAsync("x", ""));
        Assert.Equal(12, (await NamesAsync("", "")).Count);

        async Task<List<string>> NamesAsync(string prefix, string from) =>
            await store.ListAsync(prefix, from, Cancellation).ToListAsync(Cancellation);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a/../b")]
    [InlineData("..")]
    [InlineData("a.")]
    [InlineData("a b")]
    [InlineData("a%2e")]
    [InlineData("a\\b")]
    [InlineData("ä")]
    [InlineData("a\0")]
    [InlineData("a\n")]
    public async Task A_name_that_is_none_is_refused(string name)
    {
        var store = await CreateAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => store.TryCreateAsync(name, "x"u8.ToArray(), Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAsync(name, Cancellation));
    }

    [Fact]
    public async Task Limits_are_met_and_not_passed()
    {
        var store = await CreateAsync();
        var longest = string.Join('/', new string('a', 255), new string('b', 256));
        Assert.Equal(TrustRecords.MaxNameChars, longest.Length);
        Assert.True(await store.TryCreateAsync(longest, new byte[TrustStoreLimits.MaxBytes], Cancellation));
        Assert.Equal(TrustStoreLimits.MaxBytes, (await store.ReadAsync(longest, Cancellation))!.Length);
        Assert.True(await store.TryCreateAsync("empty", ReadOnlyMemory<byte>.Empty, Cancellation));
        Assert.Empty((await store.ReadAsync("empty", Cancellation))!);

        await Assert.ThrowsAsync<ArgumentException>(() =>
            store.TryCreateAsync(longest + "c", "x"u8.ToArray(), Cancellation)
        );
        await Assert.ThrowsAsync<ArgumentException>(() =>
            store.TryCreateAsync("large", new byte[TrustStoreLimits.MaxBytes + 1], Cancellation)
        );
        Assert.Null(await store.ReadAsync("large", Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await store.ListAsync("ä", "", Cancellation).ToListAsync(Cancellation)
        );
    }
}
