"""Everything that is kept, and how it leaves. The only folder that imports sqlmodel."""
