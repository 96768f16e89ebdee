using System.Text;

namespace Scenarios.Output;

/// <summary>The text of a file, as the bytes that are written: in parts, which were made one by one and are never put together in
/// memory.</summary>
internal sealed class Utf8Text(IReadOnlyList<ReadOnlyMemory<byte>> parts)
{
    public Utf8Text(string text) : this([Encoding.UTF8.GetBytes(text)])
    {
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> Parts => parts;

    public override string ToString() => string.Concat(parts.Select(p => Encoding.UTF8.GetString(p.Span)));
}
