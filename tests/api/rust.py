def public_api(root):
    return []
